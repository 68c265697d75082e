import { parseRange, type ByteRange } from './byte-range.js';
import type { ContentRequest } from './video-provider.js';

/** A part that a client asks for. */
export interface RangeRequest {
  readonly range: ByteRange;
  /** Its `If-Range`: only while this entity tag or date still holds, otherwise it wants everything. */
  readonly condition?: string | undefined;
}

/** What tells one state of some content from another. */
export interface Validators {
  readonly etag?: string | undefined;
  /** As `httpDate` writes it. */
  readonly lastModified?: string | undefined;
}

const STRONG_TAG = /^"[\x21\x23-\x7e]{0,200}"$/;

/** Undefined when everything is to be sent: also for a condition that can never hold, such as a weak entity tag. */
export function rangeRequestOf({ range: header, ifRange }: ContentRequest): RangeRequest | undefined {
  const range = parseRange(header);
  if (!range || ifRange === undefined) return range && { range };
  const condition = STRONG_TAG.test(ifRange) ? ifRange : httpDate(ifRange);
  return condition === undefined ? undefined : { range, condition };
}

/** Whether a part may be cut out of what has these validators. */
export function holds({ condition }: RangeRequest, validators: Validators): boolean {
  return condition === undefined || counterpart(condition, validators) === condition;
}

/** Whether a part with these validators is one of something else; a part need not have both of them. */
export function isOfAnother({ condition }: RangeRequest, validators: Validators): boolean {
  return condition !== undefined && (counterpart(condition, validators) ?? condition) !== condition;
}

/** A date as headers have it; undefined for what is none. */
export function httpDate(value: string | undefined): string | undefined {
  const timeMs = Date.parse(value ?? '');
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toUTCString();
}

function counterpart(condition: string, { etag, lastModified }: Validators): string | undefined {
  return condition.startsWith('"') ? etag : lastModified;
}
