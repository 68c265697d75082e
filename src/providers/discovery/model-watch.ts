import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import type { Catalog } from '../../catalog/catalog.service.js';
import type { DiscoverSettings, ProviderSettings } from '../../catalog/model.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { discoveredModels, type Discovered } from './discovered-models.js';
import type { ListedModel } from './listed-model.js';

/** First delay before a provider that did not answer is asked again. It doubles each time, up to the refresh time. */
const FIRST_RETRY_MS = 2_000;
const SHOWN_NAMES = 10;

/**
 * Keeps the catalog's offer from one provider in line with that provider's list. After a failure the last list stays.
 */
export class ModelWatch {
  private readonly logger = new Logger('ModelDiscovery');
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly ended = new AbortController();

  /**
   * @param ask fetches the provider's list
   * @param listed the provider's list before its settings changed
   */
  constructor(
    readonly provider: ProviderSettings,
    private readonly settings: DiscoverSettings,
    private readonly ask: (signal: AbortSignal) => Promise<readonly ListedModel[]>,
    private readonly catalog: Catalog,
    public listed?: readonly ListedModel[],
  ) {
    if (listed) catalog.offer(provider, discoveredModels(provider, settings, listed).models);
  }

  /** Asks now, and then repeatedly until `end`. Resolves after the first request; never rejects. */
  async begin(): Promise<void> {
    try {
      this.found(await this.ask(this.ended.signal));
    } catch (failure) {
      this.failed(failure);
    }
    if (this.ended.signal.aborted) return;
    this.timer = setTimeout(() => void this.begin(), this.pauseMs);
    this.timer.unref();
  }

  end(): void {
    this.ended.abort();
    clearTimeout(this.timer);
  }

  private get pauseMs(): number {
    const { refreshMs } = this.settings;
    return this.failures === 0 ? refreshMs : Math.min(refreshMs, FIRST_RETRY_MS * 2 ** (this.failures - 1));
  }

  private found(listed: readonly ListedModel[]): void {
    if (this.ended.signal.aborted) return;
    const isBack = this.failures > 0;
    this.failures = 0;
    if (!isBack && isDeepStrictEqual(listed, this.listed)) return;
    this.listed = listed;
    const discovered = discoveredModels(this.provider, this.settings, listed);
    this.catalog.offer(this.provider, discovered.models);
    this.logger.log(wordsFor(this.name, discovered));
  }

  private failed(failure: unknown): void {
    if (this.ended.signal.aborted) return;
    this.failures += 1;
    const next = this.listed ? 'Its last list stays' : 'It offers no models yet';
    const words = `${this.name} does not list its models: ${reasonOf(failure)}. ${next}; it is asked again.`;
    if (this.failures === 1) this.logger.warn(words);
    else this.logger.debug(words);
  }

  private get name(): string {
    return `The provider ${this.provider.id} (${this.provider.baseUrl})`;
  }
}

function wordsFor(provider: string, { models, unpriced, unusable }: Discovered): string {
  const offered = `${provider} offers ${models.length} models${listOf(models.map(({ id }) => id))}.`;
  const left = [
    ...(unpriced.length > 0
      ? [
          `${unpriced.length} are left out, since the built-in catalogue has no price for them${listOf(unpriced)}; "discover" in the gateway file can say what they cost.`,
        ]
      : []),
    ...(unusable > 0 ? [`${unusable} are left out, since their names cannot be public ids.`] : []),
  ];
  return [offered, ...left].join(' ');
}

/** Of an upstream's names only valid names are shown. */
function listOf(names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, SHOWN_NAMES).map((name) => name.replaceAll(/[^\w./:@+-]/g, '?'));
  const more = names.length - shown.length;
  return `: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Never contains a word of the upstream's. */
function reasonOf(failure: unknown): string {
  if (!(failure instanceof UpstreamFailure)) return 'it could not be asked';
  const { code, cause } = failure.error;
  if (code === 'upstream_unavailable') return 'nothing answers there';
  return typeof cause === 'string' ? cause : failure.error.message;
}
