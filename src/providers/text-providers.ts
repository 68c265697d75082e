import { adaptersOf } from './dialects.js';
import type { ImageFetch } from './image/image-fetch.js';
import { ProviderConnections } from './provider-connections.js';
import type { TextProvider } from './text/text-provider.js';

/** One text adapter for each provider of the catalog. */
export class TextProviders extends ProviderConnections<TextProvider> {
  /**
   * @param images fetches the images that clients name by addresses
   * @param maxFrameBytes limit of one frame of a streamed answer
   */
  constructor(images: ImageFetch, maxFrameBytes?: number) {
    super((settings) => adaptersOf(settings).text.connect(settings, maxFrameBytes, images));
  }
}
