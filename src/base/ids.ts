import { randomFillSync } from 'node:crypto';

/** The kinds of public id; each is followed by 128 random bits as 32 hexadecimal digits. */
export type IdPrefix =
  | 'resp'
  | 'msg'
  | 'fc'
  | 'ctc'
  | 'rs'
  | 'tsc'
  | 'lsh'
  | 'sh'
  | 'apc'
  | 'cu'
  | 'ws'
  | 'cmp'
  | 'item'
  | 'conv'
  | 'req'
  | 'rct'
  | 'key'
  | 'wal'
  | 'pay'
  | 'hold'
  | 'call'
  | 'video'
  | 'proc'
  | 'steer';

const ID_BYTES = 16;
const TIME_BYTES = 6;
/** One call to the system's generator serves many ids: a paid call needs four. */
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

/**
 * No client sees a hold, so 80 random bits are enough for its id. It begins with the time, epoch milliseconds: what is
 * written together stands together in the indexes, at their end (decision 0050).
 */
export function newId(prefix: IdPrefix): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  if (prefix === 'hold') pool.writeUIntBE(Date.now(), used, TIME_BYTES);
  const id = `${prefix}_${pool.toString('hex', used, used + ID_BYTES)}`;
  used += ID_BYTES;
  return id;
}
