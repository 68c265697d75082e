import { randomFillSync } from 'node:crypto';

/** The kinds of public id. */
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

/**
 * Ids that stand in no index: a request's, which clients may give themselves, and those of tool calls, in which some
 * services allow no other letters (see `isMadeHere`). They are 128 random bits in hexadecimal.
 */
const HEXADECIMAL: ReadonlySet<IdPrefix> = new Set(['req', 'call']);

const RANDOM_BYTES = 16;
/** The pool serves many ids with one call to the system's generator: a paid call needs four. */
const pool = Buffer.alloc(RANDOM_BYTES * 256);
let used = pool.length;

function takeRandom(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += RANDOM_BYTES;
  return start;
}

/** No i, l, o and u. Databases sort them in this order, but for a few languages' pairs of letters (Czech ch). */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
/** 32 bits are 8.7 years of these units; then they begin again, and new ids stand among old ones. */
const TIME_UNIT_MS = 64;
const bits = Buffer.alloc(4 + RANDOM_BYTES);
const digits = Buffer.alloc((bits.length * 8) / 5);

function writeFourDigits(twentyBits: number, offset: number): void {
  digits[offset] = DIGITS.charCodeAt(twentyBits >>> 15);
  digits[offset + 1] = DIGITS.charCodeAt((twentyBits >>> 10) & 31);
  digits[offset + 2] = DIGITS.charCodeAt((twentyBits >>> 5) & 31);
  digits[offset + 3] = DIGITS.charCodeAt(twentyBits & 31);
}

/** 32 digits of five bits: 32 bits of time, 128 random ones. */
function timeAndRandom(nowMs: number): string {
  const start = takeRandom();
  bits.writeUInt32BE(Math.floor(nowMs / TIME_UNIT_MS) >>> 0);
  pool.copy(bits, 4, start, start + RANDOM_BYTES);
  for (let from = 0, to = 0; to < digits.length; from += 5, to += 8) {
    const first = bits.readUInt32BE(from);
    writeFourDigits(first >>> 12, to);
    writeFourDigits(((first & 0xfff) << 8) | bits.readUInt8(from + 4), to + 4);
  }
  return digits.toString('latin1');
}

/**
 * A new public id: `prefix`, and 128 random bits, which nobody guesses. Most have the time in front, so that what is written
 * together stands together in the indexes, at their end: an index that is larger than memory stays as fast as a small one,
 * and as dense as it gets (decision 0054). Nothing reads the time back, or orders by it.
 */
export function newId(prefix: IdPrefix, nowMs = Date.now()): string {
  if (!HEXADECIMAL.has(prefix)) return `${prefix}_${timeAndRandom(nowMs)}`;
  const start = takeRandom();
  return `${prefix}_${pool.toString('hex', start, start + RANDOM_BYTES)}`;
}
