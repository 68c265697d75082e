import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { GuardedClient, GuardRefusal } from '../http/guarded-client.js';
import { headerOf } from '../http/header.js';
import { readWhole } from '../http/read-body.js';
import type { VideoImage } from '../video/video-provider.js';
import { ImageRooms, tooManyImages, type ImageRoom } from './image-rooms.js';
import { Slots } from './slots.js';
import { isImageType, mediaTypeOf } from './media-type.js';

const MEGABYTE = 1024 * 1024;
const MAX_IMAGE_BYTES = 20 * MEGABYTE;
const MAX_URL_LENGTH = 8_192;

export interface ImageFetchSettings {
  /** Networks that may be fetched from although they are not public; for the log only. */
  readonly allow: readonly string[];
  /** Time limit of the whole fetch: name, connections, redirects and bytes. */
  readonly timeoutMs: number;
  /** Maximum number of concurrent fetches in this process; each may hold a whole image in memory. */
  readonly atOnce: number;
  /** Maximum number of bytes of images that calls of this process hold. */
  readonly heldBytes: number;
}

/** Fetches the images that clients name by a URL. */
@Injectable()
export class ImageFetch implements OnApplicationBootstrap {
  private readonly logger = new Logger(ImageFetch.name);
  private readonly slots: Slots;
  private readonly rooms: ImageRooms;

  constructor(
    private readonly client: GuardedClient,
    private readonly settings: ImageFetchSettings,
  ) {
    this.slots = new Slots(settings.atOnce);
    this.rooms = new ImageRooms(settings.heldBytes);
  }

  onApplicationBootstrap(): void {
    const { allow } = this.settings;
    if (allow.length > 0)
      this.logger.warn(
        `IMAGE_FETCH_ALLOW is set: clients can have images fetched from ${allow.join(', ')}, although not public`,
      );
  }

  /** For the images of a call that holds them until it ends. */
  room(): ImageRoom {
    return this.rooms.open();
  }

  /**
   * The image at an https or a data URL, at most 20 MiB of PNG, JPEG or WebP.
   * @param param the request's field, for the error.
   * @throws GatewayError 400 invalid_value for any problem with it, 503 when too many are being fetched, or the
   * signal's own reason.
   */
  async fetch(url: string, param: string, signal: AbortSignal): Promise<VideoImage> {
    const bytes = /^data:/i.test(url)
      ? bytesOf(url, param)
      : await this.download(parse(url, param), param, signal);
    return checkedImage(bytes, param);
  }

  private async download(url: URL, param: string, signal: AbortSignal): Promise<Buffer> {
    const { timeoutMs } = this.settings;
    const late = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, late]);
    const progress = { begun: false };
    const work = (): Promise<Buffer> => {
      progress.begun = true;
      return this.bytesBehind(url, param, either);
    };
    try {
      return await this.slots.run(work, either);
    } catch (failure) {
      signal.throwIfAborted();
      if (!progress.begun) throw tooManyImages();
      if (failure instanceof GatewayError) throw failure;
      if (late.aborted) throw refused(param, `took longer than ${timeoutMs / 1_000} seconds to fetch`);
      if (failure instanceof GuardRefusal && failure.reason !== 'not found') throw guarded(param, failure);
      throw refused(param, 'could not be fetched', failure);
    }
  }

  private async bytesBehind(url: URL, param: string, signal: AbortSignal): Promise<Buffer> {
    const { timeoutMs } = this.settings;
    const { answer, head } = await this.client.get(url, {
      headers: { accept: 'image/png, image/jpeg, image/webp' },
      signal,
      stream: false,
      limits: { timeoutMs, firstByteTimeoutMs: timeoutMs, silenceTimeoutMs: timeoutMs },
    });
    try {
      if (head.status !== 200) throw refused(param, 'could not be fetched', `status ${head.status}`);
      if (!isImageType(headerOf(head, 'content-type') ?? ''))
        throw refused(param, 'must be served as image/png, image/jpeg or image/webp');
      if (headerOf(head, 'content-encoding') !== undefined)
        throw refused(param, 'must be served without a content encoding');
      if (Number(headerOf(head, 'content-length') ?? 0) > MAX_IMAGE_BYTES) throw tooLarge(param);
      return await readWhole(answer, MAX_IMAGE_BYTES, () => tooLarge(param));
    } finally {
      answer.close();
    }
  }
}

/** @throws GatewayError 400 invalid_value for bytes that are no such image, or too many. */
export function checkedImage(bytes: Buffer, param: string): VideoImage {
  if (bytes.length > MAX_IMAGE_BYTES) throw tooLarge(param);
  const mediaType = mediaTypeOf(bytes);
  if (mediaType === undefined) throw refused(param, 'must be a PNG, JPEG or WebP image');
  return { bytes, mediaType };
}

function parse(text: string, param: string): URL {
  if (text.length <= MAX_URL_LENGTH && URL.canParse(text)) {
    const url = new URL(text);
    if (url.protocol === 'https:' && url.username === '' && url.password === '') return url;
  }
  throw refused(param, `must be an https URL of at most ${MAX_URL_LENGTH} characters, or a data URL`);
}

/** Only base64: no client sends an image in another form of data URL. */
function bytesOf(url: string, param: string): Buffer {
  const comma = url.indexOf(',');
  const type = url.slice('data:'.length, comma);
  const base64 = url.slice(comma + 1);
  if (comma === -1 || !/;base64$/i.test(type) || !isImageType(type))
    throw refused(param, 'must be a data URL such as data:image/png;base64,…, or an https URL');
  if (base64.length > (MAX_IMAGE_BYTES / 3) * 4 + 4) throw tooLarge(param);
  return Buffer.from(base64, 'base64');
}

function guarded(param: string, { reason }: GuardRefusal): GatewayError {
  switch (reason) {
    case 'not public':
      return refused(param, 'must be at a public address', reason);
    case 'too many redirects':
      return refused(param, 'redirects more than three times', reason);
    default:
      return refused(param, 'must not redirect to anything but https', reason);
  }
}

function tooLarge(param: string): GatewayError {
  return refused(param, `must not be larger than ${MAX_IMAGE_BYTES / MEGABYTE} MiB`);
}

function refused(param: string, problem: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_value', `The image of \`${param}\` ${problem}.`, { param, cause });
}
