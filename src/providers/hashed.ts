import { createHash } from 'node:crypto';

/** 64 hexadecimal digits; the same name in two accounts becomes two names upstream. */
export function hashed(account: string, value: string): string {
  return createHash('sha256').update(`${account}\0${value}`).digest('hex');
}
