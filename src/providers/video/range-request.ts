import { parseRange, type ByteRange } from './byte-range.js';
import type { ContentRequest } from './video-provider.js';

/** A part that a client asks for. */
export interface RangeRequest {
  readonly range: ByteRange;
  /**
   * The client's `If-Range`: the part is wanted only while this entity tag or date still holds, otherwise everything.
   */
  readonly condition?: string | undefined;
}

/** Validators tell one version of some content from another. */
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

/** Whether a part may be cut out of content with these validators. */
export function holds({ condition }: RangeRequest, validators: Validators): boolean {
  return condition === undefined || counterpart(condition, validators) === condition;
}

/** Whether a part with these validators belongs to other content; a part need not have both validators. */
export function isOfAnother({ condition }: RangeRequest, validators: Validators): boolean {
  return condition !== undefined && (counterpart(condition, validators) ?? condition) !== condition;
}

/** A date in the form of headers; undefined for text that is not a date. */
export function httpDate(value: string | undefined): string | undefined {
  const timeMs = Date.parse(value ?? '');
  return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toUTCString();
}

function counterpart(condition: string, { etag, lastModified }: Validators): string | undefined {
  return condition.startsWith('"') ? etag : lastModified;
}
