/** One range as a client asks for it: from a byte on, or the last bytes. */
export type ByteRange =
  { readonly first: number; readonly last: number | undefined } | { readonly lastBytes: number };

/** The first and the last byte of a part, counted from 0. */
export interface BytePart {
  readonly first: number;
  readonly last: number;
}

/** What a `Content-Range` says; the length is undefined where the sender does not know it. */
export interface ContentRange extends BytePart {
  readonly length: number | undefined;
}

const RANGE = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/;
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/;

/**
 * Undefined for several ranges, other units and anything else that is not one range: such a header is to be ignored.
 */
export function parseRange(header: string | undefined): ByteRange | undefined {
  const match = header === undefined ? null : RANGE.exec(header.trim().replace(/^bytes/i, 'bytes'));
  if (!match) return undefined;
  const [, first, last = '', lastBytes] = match;
  if (lastBytes !== undefined) return { lastBytes: Number(lastBytes) };
  const range = { first: Number(first), last: last === '' ? undefined : Number(last) };
  return range.last !== undefined && range.last < range.first ? undefined : range;
}

export function formatRange(range: ByteRange): string {
  if ('lastBytes' in range) return `bytes=-${range.lastBytes}`;
  return `bytes=${range.first}-${range.last ?? ''}`;
}

/** The part of `length` bytes that the range means; undefined when that part is empty. */
export function partOf(range: ByteRange, length: number): BytePart | undefined {
  const first = 'lastBytes' in range ? Math.max(length - range.lastBytes, 0) : range.first;
  const wanted = 'lastBytes' in range ? undefined : range.last;
  const last = Math.min(wanted ?? length - 1, length - 1);
  return first > last ? undefined : { first, last };
}

/** Undefined for text that is not the range of a part. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const [, first, last, total] = CONTENT_RANGE.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined) return undefined;
  const length = total === '*' ? undefined : Number(total);
  const range = { first: Number(first), last: Number(last), length };
  return range.last < range.first || (length !== undefined && range.last >= length) ? undefined : range;
}

export function formatContentRange({ first, last, length }: ContentRange): string {
  return `bytes ${first}-${last}/${length ?? '*'}`;
}
