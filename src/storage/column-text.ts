import { createHash } from 'node:crypto';

/** NUL, and half of a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/** An index entry has room for about 2,700 bytes, all of its columns together. */
const MAX_BYTES = 1024;

/**
 * An id that a client made up, as an indexed text column can hold it. Ids that differ only in characters that the
 * column cannot hold become the same; an id that is too long becomes its hash. The gateway's own ids stay as they
 * are.
 */
export function columnText(id: string): string {
  const text = id.replace(UNSTORABLE, '\uFFFD');
  if (Buffer.byteLength(text) <= MAX_BYTES) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
