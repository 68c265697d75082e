import buildConnector from 'undici/lib/core/connect.js';
import type { ProviderSettings } from '../../catalog/model.js';
import { ConnectionPool, type ConnectionOptions } from './connection-pool.js';
import { type Answer, converse } from './converse.js';
import { connectThrough, parseProxy } from './proxy-tunnel.js';
import { PoolShare } from './shared-pool.js';

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** A path below the base URL, with a leading slash and encoded segments; or a path from the base URL's origin. */
  readonly path: string | { readonly fromOrigin: string };
  /** Without a question mark. */
  readonly query?: string;
  /** Lower-case names; the headers of the provider's settings win. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface CallOptions extends ConnectionOptions {
  readonly signal: AbortSignal;
  readonly onSent?: () => void;
  /** Streamed answers also have clocks for the first byte and for silence. */
  readonly stream: boolean;
  /** Time limit of the whole call, instead of the provider's own. */
  readonly timeoutMs?: number;
}

/** The connections to one provider. */
export class UpstreamClient {
  readonly origin: string;
  private readonly pool: Pick<ConnectionPool, 'run' | 'close' | 'destroy'>;
  private readonly path: string;
  private readonly search: string;
  private readonly headers: Record<string, string>;
  /** The prefix of every path. */
  private readonly prefix: string;

  /**
   * @param authorization headers with the provider's key; they go to the origin of `baseUrl` only
   * @param purpose clients with different keys of a provider share its sockets if they have the same purpose
   */
  constructor(
    private readonly settings: ProviderSettings,
    baseUrl: string,
    authorization: Readonly<Record<string, string>>,
    purpose: 'calls' | 'videos' | 'contents' = 'calls',
  ) {
    const base = new URL(baseUrl);
    this.origin = base.origin;
    this.path = base.pathname.replace(/\/$/, '');
    this.search = base.search.slice(1);
    const timeout = settings.connectTimeoutMs;
    const proxy = settings.proxy === undefined ? undefined : parseProxy(settings.proxy);
    // A plain request goes to the proxy itself, with the whole address: many proxies open tunnels only to port 443.
    const isPlain = proxy !== undefined && base.protocol === 'http:';
    this.prefix = isPlain ? base.origin : '';
    this.headers = {
      'user-agent': 'slipstream',
      // Without this header any coding is acceptable (RFC 9110, 12.5.3).
      'accept-encoding': 'identity',
      ...authorization,
      ...lowerCased(settings.headers),
      ...(isPlain && { host: base.host, ...proxy.headers }),
    };
    const { apiKeys, maxConnections } = settings;
    const connect = (): ConnectionPool =>
      new ConnectionPool(
        isPlain ? proxy.origin : base.origin,
        maxConnections,
        proxy && !isPlain ? connectThrough(proxy, timeout) : buildConnector({ timeout }),
      );
    this.pool = apiKeys ? PoolShare.of(apiKeys, `${purpose} ${base.origin}`, connect) : connect();
  }

  send(request: UpstreamRequest, options: CallOptions): Answer {
    const { signal, onSent, stream, timeoutMs = this.settings.timeoutMs } = options;
    const { method, headers, body = null } = request;
    const dispatched = {
      path: this.pathOf(request),
      method,
      headers: { ...headers, ...this.headers },
      body,
    };
    return converse((call) => this.pool.run(dispatched, call, options), {
      signal,
      onSent,
      stream,
      limits: { ...this.settings, timeoutMs },
    });
  }

  /** Takes no more calls, lets the running ones end, then closes the sockets. */
  close(): Promise<void> {
    return this.pool.close();
  }

  /** Aborts the calls that are still running. */
  destroy(): Promise<void> {
    return this.pool.destroy();
  }

  private pathOf({ path, query = '' }: UpstreamRequest): string {
    if (typeof path !== 'string') return `${this.prefix}${path.fromOrigin}`;
    const search = [this.search, query].filter((part) => part !== '').join('&');
    return `${this.prefix}${this.path}${path}${search === '' ? '' : `?${search}`}`;
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
