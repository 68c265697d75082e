import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { ProviderSettings } from '../catalog/model.js';
import { haveSameKeys } from '../catalog/provider-keys.js';

/** How long calls may continue once the application shuts down; by then they have been drained or cut off. */
const CLOSE_GRACE_MS = 1_000;

interface Closable {
  /** Takes no more calls and resolves when the running ones have ended. */
  close(): Promise<void>;
  /** Aborts the calls that are still running. */
  destroy(): Promise<void>;
}

/** One adapter of a kind for each provider of the catalog, or for each key of a provider that has several. */
export class ProviderConnections<Adapter extends Closable> implements OnApplicationShutdown {
  private readonly logger = new Logger(ProviderConnections.name);
  private readonly connected = new Map<ProviderSettings, Adapter>();

  constructor(private readonly connect: (settings: ProviderSettings) => Adapter) {}

  /** A catalog reload brings new settings; the adapter of the old settings ends with its last call. */
  providerOf(settings: ProviderSettings): Adapter {
    const known = this.connected.get(settings);
    if (known) return known;
    for (const old of this.connected.keys())
      if (old.id === settings.id && !haveSameKeys(old, settings)) this.retire(old);
    const adapter = this.connect(settings);
    this.connected.set(settings, adapter);
    return adapter;
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Closes all adapters; calls that still run after one second are aborted. */
  async close(): Promise<void> {
    const adapters = [...this.connected.values()];
    this.connected.clear();
    await Promise.all(adapters.map(closeInTime));
  }

  private retire(settings: ProviderSettings): void {
    const adapter = this.connected.get(settings);
    this.connected.delete(settings);
    adapter?.close().catch((failure: unknown) => {
      this.logger.warn(`Closing the connections of provider ${settings.id} failed: ${String(failure)}`);
    });
  }
}

async function closeInTime(adapter: Closable): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_GRACE_MS);
  });
  await Promise.race([adapter.close(), late]);
  clearTimeout(timer);
  await adapter.destroy();
}
