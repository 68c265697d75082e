import { GatewayError } from '../../base/errors/gateway-error.js';
import type { PromptMessage } from '../../text/prompt.js';
import type { ImageFetch } from '../image/image-fetch.js';
import type { ImageRoom } from '../image/image-rooms.js';
import { type FetchedImages, isAddress } from './media.js';
import type { InlineData } from './wire.js';

/** What one request may have fetched. The service takes about 100 MB in one request, base64 included. */
const MAX_IMAGES = 64;
const MAX_BYTES = 64 * 1024 * 1024;
const AT_ONCE = 4;
/** A byte of an image as base64 in the request, once as an object and once as it is sent. */
const HELD_PER_BYTE = 2.7;

interface Wanted {
  readonly url: string;
  /** The first field with this address. */
  readonly param: string;
}

/**
 * Fetches the images that messages name by their web addresses, each address once: the service itself fetches none.
 * @throws GatewayError 400 for an image that cannot be had, 503 when too many are fetched or held; or the signal's reason
 */
export async function fetchImages(
  messages: readonly PromptMessage[],
  fetch: ImageFetch,
  room: ImageRoom,
  signal: AbortSignal,
): Promise<FetchedImages> {
  const wanted = wantedImages(messages);
  const fetched = new Map<string, InlineData>();
  const last = wanted.at(-1);
  if (!last) return fetched;
  if (wanted.length > MAX_IMAGES) throw tooMany(last.param);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let bytes = 0;
  const next = wanted.values();
  // Workers take from one iterator, so the images arrive in any order and their sum is known at each moment.
  const work = async (): Promise<void> => {
    for (const { url, param } of next) {
      const image = await fetch.fetch(url, param, either);
      bytes += image.bytes.length;
      if (bytes > MAX_BYTES) throw tooMany(param);
      room.grow(Math.ceil(image.bytes.length * HELD_PER_BYTE));
      fetched.set(url, { mimeType: image.mediaType, data: image.bytes.toString('base64') });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, work));
  } finally {
    failed.abort();
  }
  return fetched;
}

function wantedImages(messages: readonly PromptMessage[]): readonly Wanted[] {
  const wanted = new Map<string, Wanted>();
  messages.forEach(({ parts }, index) => {
    parts.forEach((part, position) => {
      if (part.type !== 'image' || !isAddress(part.url) || wanted.has(part.url)) return;
      const param = `messages[${index}].content[${position}].image_url.url`;
      wanted.set(part.url, { url: part.url, param });
    });
  });
  return [...wanted.values()];
}

function tooMany(param: string): GatewayError {
  const megabytes = MAX_BYTES / (1024 * 1024);
  return new GatewayError(
    'invalid_value',
    `A request to this model may name at most ${MAX_IMAGES} images of ${megabytes} MiB together by their addresses.`,
    { param },
  );
}
