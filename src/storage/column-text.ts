import { createHash } from 'node:crypto';

/** NUL, and half of a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/** An entry of an index has room for about 2,700 bytes, all of its columns together. */
const MAX_BYTES = 1024;

/**
 * What an indexed text column can hold of an id that a client made up. Ids that differ in characters alone which it
 * cannot hold become one; ids that are too long become their hash; ids of ours are short and have nothing odd.
 */
export function columnText(id: string): string {
  const text = id.replace(UNSTORABLE, '\uFFFD');
  if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
