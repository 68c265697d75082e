import { randomBytes } from 'node:crypto';

/** The kinds of public id; each is followed by 128 random bits as 32 hexadecimal digits. */
export type IdPrefix = 'resp' | 'req' | 'rct' | 'key' | 'hold' | 'call' | 'proc' | 'ovr';

export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBytes(16).toString('hex')}`;
}
