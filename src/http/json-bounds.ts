import { randomInt } from 'node:crypto';

/** Deeper than any request or JSON schema in use, and far below the depth at which recursion would end the stack. */
export const MAX_JSON_DEPTH = 128;
/** Ten times the values of the longest conversation (10,000 messages); parsed, about 50 MB and a fifth of a second. */
export const MAX_JSON_VALUES = 500_000;
/** Distinct names: each costs as much as ten values. Requests use a few hundred, large sets of tools some thousand. */
export const MAX_JSON_NAMES = 50_000;

export type JsonExcess = 'depth' | 'values' | 'names';

export interface JsonExtent {
  /** Upper bound of the objects, arrays and their members; exact only for valid JSON. */
  readonly values: number;
  /** The first bound that the text exceeds. */
  readonly excess: JsonExcess | undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BLANK = 0x20;

/** Smallest size of one more name: `"a":1,`. */
const BYTES_PER_NAME = 6;
/** The end of a string is sought byte by byte this far; a native search costs more to start, then a tenth per byte. */
const NEAR_BYTES = 64;

/**
 * Counts the values of a JSON text without building any. One pass over the bytes, which stops at the first bound
 * exceeded. For a text that is not JSON, the result is arbitrary.
 */
export function measureJson(bytes: Buffer): JsonExtent {
  const names = bytes.length > MAX_JSON_NAMES * BYTES_PER_NAME ? new DistinctNames(bytes) : undefined;
  let depth = 0;
  let values = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case QUOTE: {
        const end = endOfString(bytes, at + 1);
        if (names?.add(at + 1, end) === false) return { values, excess: 'names' };
        at = end;
        break;
      }
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        values += 1;
        if (depth > MAX_JSON_DEPTH) return { values, excess: 'depth' };
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1;
        break;
      case COMMA:
        values += 1;
        if (values > MAX_JSON_VALUES) return { values, excess: 'values' };
        break;
      default:
        break;
    }
  }
  return { values, excess: undefined };
}

/** @returns the position of the quote that ends the string, or the end of the text */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start; ;) {
    for (const near = Math.min(at + NEAR_BYTES, bytes.length); at < near; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) at += 1;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0) return bytes.length;
    if (!isEscaped(bytes, at, quote)) return quote;
    at = quote + 1;
  }
}

/** Whether an odd number of backslashes stands before the quote. @param from a position where no escape is open */
function isEscaped(bytes: Buffer, from: number, quote: number): boolean {
  let first = quote;
  while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
  return (quote - first) % 2 === 1;
}

/** Makes it hard for a client to find names whose hashes collide. */
const SEED = randomInt(2 ** 32);
const BUCKETS = 2 ** 20;

/** Counts names by their hashes: slightly too few when hashes collide, never too many. */
class DistinctNames {
  private readonly seen = new Uint8Array(BUCKETS / 8);
  private count = 0;

  constructor(private readonly bytes: Buffer) {}

  /** @returns false when the string is a name and exceeds the bound */
  add(start: number, end: number): boolean {
    if (!this.isName(end)) return true;
    let hash = SEED;
    for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (this.bytes[at] ?? 0), 0x01000193);
    hash = (hash ^ (hash >>> 15)) & (BUCKETS - 1);
    const seen = this.seen[hash >> 3] ?? 0;
    const bit = 1 << (hash & 7);
    if (seen & bit) return true;
    this.seen[hash >> 3] = seen | bit;
    this.count += 1;
    return this.count <= MAX_JSON_NAMES;
  }

  private isName(end: number): boolean {
    let after = end + 1;
    while ((this.bytes[after] ?? COLON) <= BLANK) after += 1;
    return this.bytes[after] === COLON;
  }
}
