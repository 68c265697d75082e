import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import { ImageFetch, checkedImage } from '../providers/image/image-fetch.js';
import type { VideoImage } from '../providers/video/video-provider.js';
import type { VideoRequest } from './video-request.js';

/** Gets an image that is not here yet, until the signal is aborted. @throws GatewayError 400, ClientLeft */
export type ImageSource = (signal: AbortSignal) => Promise<VideoImage | undefined>;

/** The bytes of the images that clients send or name. */
@Injectable()
export class VideoImages {
  constructor(private readonly images: ImageFetch) {}

  /**
   * What came with the request is checked at once. What has to be fetched is fetched by the result: that is work, so
   * nobody gets it who may not have the video.
   * @param gone aborted when the client has left.
   * @throws GatewayError 400 for an image that is none
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
