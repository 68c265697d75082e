import type { ProviderSettings } from '../../catalog/model.js';
import { GatewayError } from '../../errors/gateway-error.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { ConnectionPool } from './connection-pool.js';
import { type Limits, ReadClock } from './read-clock.js';
import { UpstreamCall, type ResponseHead } from './upstream-call.js';

/** An idle socket is kept this long, unless the upstream announces a shorter time. */
const KEEP_ALIVE_MS = 30_000;

export interface CallOptions {
  readonly signal: AbortSignal;
  readonly onSent: () => void;
  /** Streamed answers also have clocks for the first byte and for silence. */
  readonly stream: boolean;
  /** Takes the time of a background call. */
  readonly background?: boolean | undefined;
}

/** One answer, read to its end or closed. Every failure is an UpstreamFailure, or the signal's own reason. */
export interface Answer {
  head(): Promise<ResponseHead>;
  read(): Promise<readonly Buffer[] | undefined>;
  /** Must be called once the reader is done, on every path. */
  close(): void;
}

/** The connections to one provider. */
export class OpenAiClient {
  private readonly pool: ConnectionPool;
  private readonly path: string;
  private readonly headers: Record<string, string>;

  constructor(private readonly settings: ProviderSettings) {
    const base = new URL(settings.baseUrl);
    this.path = `${base.pathname.replace(/\/$/, '')}/chat/completions${base.search}`;
    this.headers = {
      'content-type': 'application/json',
      'user-agent': 'slipstream',
      ...(settings.apiKey === undefined ? {} : { authorization: `Bearer ${settings.apiKey}` }),
      ...lowerCased(settings.headers),
    };
    this.pool = new ConnectionPool(base.origin, settings.maxConnections, {
      connect: { timeout: settings.connectTimeoutMs },
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The clocks are ours: those of the pool do not know whether anybody is reading.
      headersTimeout: 0,
      bodyTimeout: 0,
      pipelining: 1,
    });
  }

  post(body: string, { signal, onSent, stream, background }: CallOptions): Answer {
    const call = new UpstreamCall(onSent);
    const clock = new ReadClock(this.limits(background), stream, (reason) => call.abort(reason));
    const leave = (): void => call.abort(abortReason(signal));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave);
    const accept = stream ? 'text/event-stream' : 'application/json';
    if (!signal.aborted) {
      this.pool.run({ path: this.path, method: 'POST', headers: { accept, ...this.headers }, body }, call);
    }
    return {
      head: () => call.head().catch((reason: unknown) => rethrow(reason, call, false)),
      read: async () => {
        if (call.idle) clock.waiting();
        try {
          return await call.read();
        } catch (reason) {
          return rethrow(reason, call, true);
        } finally {
          clock.arrived();
        }
      },
      close: () => {
        clock.stop();
        signal.removeEventListener('abort', leave);
        call.release();
      },
    };
  }

  private limits(background = false): Limits {
    const { settings } = this;
    return background ? { ...settings, timeoutMs: settings.backgroundTimeoutMs } : settings;
  }

  /** Takes no more calls, lets the running ones end, then closes the sockets. */
  close(): Promise<void> {
    return this.pool.close();
  }

  /** Breaks what is still running. */
  destroy(): Promise<void> {
    return this.pool.destroy();
  }
}

/** A connect failure did not reach the upstream; a socket that broke before the answer began may have been stale. */
function rethrow(reason: unknown, call: UpstreamCall, answered: boolean): never {
  if (reason instanceof UpstreamFailure || reason instanceof LeftError) throw reason;
  const code = call.sent ? 'upstream_error' : 'upstream_unavailable';
  throw new UpstreamFailure(new GatewayError(code, undefined, { cause: reason }), {
    retryable: !answered,
    targetFault: true,
  });
}

/** The client left, or the call was cut off: not a failure of the upstream. */
class LeftError extends Error {}

function abortReason(signal: AbortSignal): LeftError {
  return new LeftError('the call was aborted', { cause: signal.reason });
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
