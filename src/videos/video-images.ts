import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { ImageFetch, checkedImage } from '../providers/image/image-fetch.js';
import type { VideoImage } from '../providers/video/video-provider.js';
import type { VideoRequest } from './video-request.js';

/** Fetches an image if necessary, until the signal aborts. @throws GatewayError 400, ClientLeft */
export type ImageSource = (signal: AbortSignal) => Promise<VideoImage | undefined>;

/** Gets the bytes of images that clients send or name. */
@Injectable()
export class VideoImages {
  constructor(private readonly images: ImageFetch) {}

  /**
   * Checks an image in the request at once. A named image is fetched only by the result, because a fetch is work that
   * only an admitted request may cause.
   * @param gone aborts when the client has left
   * @throws GatewayError 400 for an invalid image
   */
  async sourceOf(
    { image, names }: Pick<VideoRequest, 'image' | 'names'>,
    gone: AbortSignal,
  ): Promise<ImageSource> {
    if (!image) return () => Promise.resolve(undefined);
    if ('bytes' in image) return here(checkedImage(image.bytes, names.image));
    if (/^data:/i.test(image.url)) return here(await this.images.fetch(image.url, names.image, gone));
    return (signal) => this.fetch(image.url, names.image, gone, signal);
  }

  private async fetch(
    url: string,
    param: string,
    gone: AbortSignal,
    signal: AbortSignal,
  ): Promise<VideoImage> {
    try {
      return await this.images.fetch(url, param, AbortSignal.any([gone, signal]));
    } catch (failure) {
      gone.throwIfAborted();
      throw signal.aborted
        ? new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause: failure })
        : failure;
    }
  }
}

function here(image: VideoImage): ImageSource {
  return () => Promise.resolve(image);
}
