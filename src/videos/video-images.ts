import { Injectable } from '@nestjs/common';
import { ClientLeft } from '../http/client-left.js';
import { ImageFetch, checkedImage } from '../providers/image/image-fetch.js';
import type { VideoImage } from '../providers/video/video-provider.js';
import type { RequestedImage } from './video-request.js';

/** The bytes of the images that clients send or name. */
@Injectable()
export class VideoImages {
  constructor(private readonly images: ImageFetch) {}

  /**
   * @param gone aborted when the client has left.
   * @throws GatewayError 400 for an image that is none, or cannot be had
   * @throws ClientLeft
   */
  async bytesOf(image: RequestedImage, param: string, gone: AbortSignal): Promise<VideoImage> {
    if ('bytes' in image) return checkedImage(image.bytes, param);
    try {
      return await this.images.fetch(image.url, param, gone);
    } catch (failure) {
      throw gone.aborted ? new ClientLeft() : failure;
    }
  }
}
