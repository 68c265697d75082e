import { adaptersOf } from './dialects.js';
import { ProviderConnections } from './provider-connections.js';
import type { TextProvider } from './text/text-provider.js';

/** One text adapter for each provider of the catalog. */
export class TextProviders extends ProviderConnections<TextProvider> {
  /** @param maxFrameBytes limit of one frame of a streamed answer. */
  constructor(maxFrameBytes?: number) {
    super((settings) => adaptersOf(settings).text.connect(settings, maxFrameBytes));
  }
}
