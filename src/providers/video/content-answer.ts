import { Readable } from 'node:stream';
import { headerOf } from '../http/header.js';
import { malformed } from '../http/malformed.js';
import type { ResponseHead } from '../http/upstream-call.js';
import type { Answer } from '../http/converse.js';
import { AnswerStream, type AnswerPart } from './answer-stream.js';
import { formatContentRange, parseContentRange, partOf } from './byte-range.js';
import { jobFailure } from './job-failure.js';
import { holds, httpDate, isOfAnother, rangeRequestOf, type RangeRequest } from './range-request.js';
import type { ContentRequest, VideoContent, VideoVariant } from './video-provider.js';

/** Media types of each variant; the first is the default for bytes without a type of their own. */
const TYPES: Readonly<Record<VideoVariant, readonly string[]>> = {
  video: ['video/mp4', 'video/webm', 'video/quicktime'],
  thumbnail: ['image/webp', 'image/png', 'image/jpeg'],
};
const UNTYPED: ReadonlySet<string> = new Set(['application/octet-stream', 'binary/octet-stream']);
const ETAG = /^(W\/)?"[\x21\x23-\x7e]{0,200}"$/;

type Common = Pick<VideoContent, 'contentType' | 'etag' | 'lastModified'>;

/** The answer's bytes, or a part of them. */
type OpenStream = (part?: AnswerPart) => Readable;

/**
 * Converts an upstream's answer to a request for content, after any redirects. A range that the upstream ignored is
 * cut out here. Closes the answer unless its bytes are in the result.
 */
export function contentOf(
  answer: Answer,
  head: ResponseHead,
  request: ContentRequest,
): VideoContent | 'gone' {
  const bytes = { used: false };
  const stream: OpenStream = (part) => {
    bytes.used = true;
    return new AnswerStream(answer, part);
  };
  try {
    return read(head, request, stream);
  } finally {
    if (!bytes.used) answer.close();
  }
}

function read(head: ResponseHead, request: ContentRequest, stream: OpenStream): VideoContent | 'gone' {
  const { status } = head;
  const asked = rangeRequestOf(request);
  if (status === 404 || status === 410) return 'gone';
  if (status === 416 && asked) return unsatisfiable(totalOf(headerOf(head, 'content-range')));
  if (status !== 200 && status !== 206) throw jobFailure(head);
  const encoding = headerOf(head, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw malformed('content in an encoding that was not asked for');
  const common: Common = {
    contentType: contentTypeOf(headerOf(head, 'content-type'), request.variant),
    etag: matching(headerOf(head, 'etag'), ETAG),
    lastModified: httpDate(headerOf(head, 'last-modified')),
  };
  const length = lengthOf(headerOf(head, 'content-length'));
  if (status === 206) return partial(head, asked, { common, length, stream });
  if (asked && length !== undefined && holds(asked, common)) {
    const part = partOf(asked.range, length);
    if (!part) return unsatisfiable(length);
    const contentLength = part.last - part.first + 1;
    const contentRange = formatContentRange({ ...part, length });
    const body = stream({ skipBytes: part.first, bytes: contentLength });
    return { status: 206, ...common, contentLength, contentRange, body };
  }
  return { status: 200, ...common, contentLength: length, body: stream() };
}

interface PartialAnswer {
  readonly common: Common;
  readonly length: number | undefined;
  readonly stream: OpenStream;
}

/** The part must be the one that was asked for: a video assembled from other parts would be broken. */
function partial(
  head: ResponseHead,
  asked: RangeRequest | undefined,
  { common, length, stream }: PartialAnswer,
): VideoContent {
  const found = parseContentRange(headerOf(head, 'content-range'));
  if (!asked || !found) throw malformed('a part that was not asked for');
  const { range } = asked;
  const bytes = found.last - found.first + 1;
  const fits =
    'lastBytes' in range
      ? found.length === undefined || found.first === Math.max(found.length - range.lastBytes, 0)
      : found.first === range.first && found.last <= (range.last ?? Infinity);
  if (!fits || (length !== undefined && length !== bytes) || isOfAnother(asked, common))
    throw malformed('another part than was asked for');
  return {
    status: 206,
    ...common,
    contentLength: bytes,
    contentRange: formatContentRange(found),
    body: stream({ skipBytes: 0, bytes }),
  };
}

function unsatisfiable(length: number | undefined): VideoContent {
  return {
    status: 416,
    contentType: TYPES.video[0] ?? '',
    contentLength: 0,
    contentRange: length === undefined ? undefined : `bytes */${length}`,
    body: Readable.from([]),
  };
}

function contentTypeOf(header: string | undefined, variant: VideoVariant): string {
  const type = (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const known = TYPES[variant];
  if (known.includes(type)) return type;
  if (variant === 'video' && (type === '' || UNTYPED.has(type))) return known[0] ?? type;
  throw malformed('content of another type than the one that was asked for');
}

function lengthOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function totalOf(header: string | undefined): number | undefined {
  return lengthOf(/^bytes \*\/(\d+)$/.exec(header ?? '')?.[1]);
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}
