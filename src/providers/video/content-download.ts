import type { ProviderSettings } from '../../catalog/model.js';
import { type GuardedClient, GuardRefusal, redirectOf, resolved } from '../http/guarded-client.js';
import { malformed } from '../http/malformed.js';
import type { UpstreamClient, UpstreamRequest } from '../http/upstream-client.js';
import { formatRange } from './byte-range.js';
import { contentOf } from './content-answer.js';
import { rangeRequestOf } from './range-request.js';
import type { ContentRequest, VideoContent } from './video-provider.js';

const MAX_REDIRECTS = 3;

/**
 * Fetches content from a provider, over connections of its own: a client may take any time for a download, and many
 * slow downloads must not block submissions and polls of jobs. The key goes to the provider's own origin only. A
 * redirect to any other origin is treated like an untrusted address: https, public, without any header of the
 * provider's.
 */
export class ContentDownload {
  constructor(
    private readonly client: UpstreamClient,
    private readonly elsewhere: GuardedClient,
    private readonly settings: ProviderSettings,
  ) {}

  /** Takes no more downloads and resolves when the running ones have ended. */
  close(): Promise<void> {
    return this.client.close();
  }

  /** Aborts the downloads that are still running. */
  destroy(): Promise<void> {
    return this.client.destroy();
  }

  async fromProvider(
    first: Pick<UpstreamRequest, 'path' | 'query'>,
    request: ContentRequest,
    signal: AbortSignal,
  ): Promise<VideoContent | 'gone'> {
    let base = new URL(this.client.origin);
    let place = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const found = await this.ask(place, request, signal);
      if (typeof found !== 'object' || !('location' in found)) return found;
      const url = addressOf(found.location, base);
      if (url.origin !== this.client.origin) return this.fromElsewhere(url, request, signal);
      place = { path: { fromOrigin: `${url.pathname}${url.search}` } };
      base = url;
    }
    throw malformed('too many redirects');
  }

  /** Fetches from an address that the provider has named. */
  async fromElsewhere(
    url: URL,
    request: ContentRequest,
    signal: AbortSignal,
  ): Promise<VideoContent | 'gone'> {
    const limits = { ...this.settings, timeoutMs: this.settings.backgroundTimeoutMs };
    const headers = headersFor(request);
    try {
      const { answer, head } = await this.elsewhere.get(url, { headers, signal, stream: true, limits });
      return contentOf(answer, head, request);
    } catch (failure) {
      throw failure instanceof GuardRefusal ? unreachable(failure) : failure;
    }
  }

  private async ask(
    place: Pick<UpstreamRequest, 'path' | 'query'>,
    request: ContentRequest,
    signal: AbortSignal,
  ): Promise<VideoContent | 'gone' | { readonly location: string }> {
    const answer = this.client.send(
      { method: 'GET', ...place, headers: headersFor(request) },
      { signal, stream: true, timeoutMs: this.settings.backgroundTimeoutMs },
    );
    try {
      const head = await answer.head();
      const location = redirectOf(head);
      if (location === undefined) return contentOf(answer, head, request);
      answer.close();
      return { location };
    } catch (failure) {
      answer.close();
      throw failure;
    }
  }
}

function headersFor(request: ContentRequest): Record<string, string> {
  const { range, condition } = rangeRequestOf(request) ?? {};
  return {
    accept: '*/*',
    'accept-encoding': 'identity',
    ...(range && { range: formatRange(range) }),
    ...(condition !== undefined && { 'if-range': condition }),
  };
}

function addressOf(location: string, base: URL): URL {
  try {
    return resolved(location, base);
  } catch (failure) {
    throw failure instanceof GuardRefusal ? unreachable(failure) : failure;
  }
}

function unreachable({ reason }: GuardRefusal): Error {
  return malformed(`content is at an address that cannot be followed: ${reason}`);
}
