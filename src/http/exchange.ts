import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../base/errors/gateway-error.js';
import type { Answered } from '../base/moments/moment.js';
import type { Moments } from '../base/moments/moments.js';
import { requestIdOf } from './request-id.js';
import { surfaceOf } from './surface.js';

const EXCHANGE = Symbol('exchange');
/** Characters of a path that moments name: a path costs the log its length, whoever sends it. */
const MOST_SHOWN = 1_024;

interface WithExchange {
  [EXCHANGE]?: Exchange;
}

/**
 * A request and its answer, as their moments name them. Holds no reference to the request, because the call that holds
 * the exchange would keep the whole request in memory. The access log's state is kept here, since a WeakMap costs every
 * request a microsecond more.
 */
export class Exchange {
  readonly startedAt = performance.now();
  readonly requestId: string;
  readonly method: string | undefined;
  readonly path: string;
  /** Calls that have begun and not ended. */
  running = 0;
  /** Log fields of the call that ended last. */
  callFields: Readonly<Record<string, unknown>> | undefined;
  /** The error code of the answer, once it is refused. */
  refusal: ErrorCode | undefined;
  /** Set when the answer is over. */
  answer: Pick<Answered, 'status' | 'code' | 'durationMs'> | undefined;

  constructor(request: IncomingMessage) {
    this.requestId = requestIdOf(request);
    this.method = request.method;
    const [path = ''] = (request.url ?? '').split('?', 1);
    this.path = path.slice(0, MOST_SHOWN);
  }
}

/** The exchange that a call must carry so that its end is logged together with the answer of this request. */
export function exchangeOf(request: IncomingMessage & WithExchange): object | undefined {
  return request[EXCHANGE];
}

/** Keeps the error code for the `answered` moment. A code that comes after the answer is not published. */
export function noteRefusal(request: IncomingMessage & WithExchange, code: ErrorCode): void {
  const exchange = request[EXCHANGE];
  if (exchange) exchange.refusal = code;
}

export type ExchangeMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;

/** Publishes every answer. Must run after `requestIdMiddleware`. */
export function exchangeMiddleware(moments: Moments): ExchangeMiddleware {
  return (request: IncomingMessage & WithExchange, response, next) => {
    const exchange = new Exchange(request);
    request[EXCHANGE] = exchange;
    response.once('close', () => {
      const { startedAt, requestId, method, path } = exchange;
      moments.publish({
        type: 'answered',
        exchange,
        requestId,
        surface: surfaceOf(request),
        method,
        path,
        status: response.writableFinished ? response.statusCode : 'left',
        code: exchange.refusal,
        durationMs: performance.now() - startedAt,
      });
    });
    next();
  };
}
