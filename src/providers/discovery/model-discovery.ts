import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import { Catalog } from '../../catalog/catalog.service.js';
import { adaptersOf } from '../dialects.js';
import { ModelWatch } from './model-watch.js';
import { withAnyKey } from './with-any-key.js';

/** How long startup waits for the first lists; later lists are offered when they come. */
const START_WAIT_MS = 2_000;

/** Offers the models that providers with `discover` list, as long as the providers are in the catalog. */
@Injectable()
export class ModelDiscovery implements OnApplicationBootstrap, OnApplicationShutdown {
  /** By provider id. */
  private watches = new Map<string, ModelWatch>();
  private replacements: Subscription | undefined;

  constructor(private readonly catalog: Catalog) {}

  async onApplicationBootstrap(): Promise<void> {
    this.replacements = this.catalog.replacements.subscribe(() => void this.watchAll());
    const late = new AbortController();
    const timeout = delay(START_WAIT_MS, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([this.watchAll(), timeout]);
    late.abort();
  }

  onApplicationShutdown(): void {
    this.replacements?.unsubscribe();
    for (const watch of this.watches.values()) watch.end();
  }

  /** In one step, so that a reload never takes a discovered model away, not even for a moment. */
  private async watchAll(): Promise<void> {
    const before = this.watches;
    const watches = this.catalog.providers.flatMap((provider) => {
      const { discover } = provider;
      const { listModels } = adaptersOf(provider);
      if (!discover || !listModels) return [];
      const known = before.get(provider.id);
      const listed = known?.provider.baseUrl === provider.baseUrl ? known.listed : undefined;
      const ask = (signal: AbortSignal) => withAnyKey(provider, (keyed) => listModels(keyed, signal));
      return [new ModelWatch(provider, discover, ask, this.catalog, listed)];
    });
    for (const watch of before.values()) watch.end();
    this.watches = new Map(watches.map((watch) => [watch.provider.id, watch]));
    await Promise.all(watches.map((watch) => watch.begin()));
  }
}
