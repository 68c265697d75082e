import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ProviderSettings } from '../catalog/model.js';
import { OpenAiTextProvider } from './openai/openai-text-provider.js';
import { SandboxTextProvider } from './sandbox/sandbox-text-provider.js';
import type { TextProvider } from './text/text-provider.js';

/** How long calls may go on once the application shuts down; by then they have been drained or cut off. */
const CLOSE_GRACE_MS = 1_000;

/** One adapter, with its connections, for each provider of the catalog. */
@Injectable()
export class TextProviders implements OnApplicationShutdown {
  private readonly logger = new Logger(TextProviders.name);
  private readonly sandbox = new SandboxTextProvider();
  private readonly connected = new Map<ProviderSettings, OpenAiTextProvider>();

  /** A catalog reload brings new settings; the adapter of the old ones ends with its last call. */
  providerOf(settings: ProviderSettings): TextProvider {
    if (settings.type === 'sandbox') return this.sandbox;
    const known = this.connected.get(settings);
    if (known) return known;
    for (const old of this.connected.keys()) if (old.id === settings.id) this.retire(old);
    const provider = new OpenAiTextProvider(settings);
    this.connected.set(settings, provider);
    return provider;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Ends all adapters; what still runs after one second is broken. */
  async close(): Promise<void> {
    const providers = [...this.connected.values()];
    this.connected.clear();
    await Promise.all(providers.map(closeInTime));
  }

  private retire(settings: ProviderSettings): void {
    const provider = this.connected.get(settings);
    this.connected.delete(settings);
    provider?.close().catch((failure: unknown) => {
      this.logger.warn(`Closing the connections of provider ${settings.id} failed: ${String(failure)}`);
    });
  }
}

async function closeInTime(provider: OpenAiTextProvider): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_GRACE_MS);
  });
  await Promise.race([provider.close(), late]);
  clearTimeout(timer);
  await provider.destroy();
}
