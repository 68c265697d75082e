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
  | 'proc';

const ID_BYTES = 16;
/** One call to the system's generator serves many ids: a paid call needs four. */
const pool = Buffer.alloc(ID_BYTES * 256);
let used = pool.length;

export function newId(prefix: IdPrefix): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = `${prefix}_${pool.toString('hex', used, used + ID_BYTES)}`;
  used += ID_BYTES;
  return id;
}
