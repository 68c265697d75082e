import type { OnApplicationShutdown } from '@nestjs/common';
import type { ProviderSettings } from '../catalog/model.js';
import { OpenAiTextProvider } from './openai/openai-text-provider.js';
import { ProviderConnections } from './provider-connections.js';
import { SandboxTextProvider } from './sandbox/sandbox-text-provider.js';
import type { TextProvider } from './text/text-provider.js';

/** One adapter for each provider of the catalog that speaks. */
export class TextProviders implements OnApplicationShutdown {
  private readonly sandbox = new SandboxTextProvider();
  private readonly connections: ProviderConnections<OpenAiTextProvider>;

  /** @param maxFrameBytes of one frame of a streamed answer. */
  constructor(maxFrameBytes?: number) {
    this.connections = new ProviderConnections((settings) => new OpenAiTextProvider(settings, maxFrameBytes));
  }

  providerOf(settings: ProviderSettings): TextProvider {
    return settings.type === 'sandbox' ? this.sandbox : this.connections.of(settings);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Ends all adapters; what still runs after one second is broken. */
  close(): Promise<void> {
    return this.connections.close();
  }
}
