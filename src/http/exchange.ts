import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorCode } from '../base/errors/gateway-error.js';
import type { Answered } from '../base/moments/moment.js';
import type { Moments } from '../base/moments/moments.js';
import { requestIdOf } from './request-id.js';
import { surfaceOf } from './surface.js';

const EXCHANGE = Symbol('exchange');

interface WithExchange {
  [EXCHANGE]?: Exchange;
}

/**
 * A request and its answer, as their moments name them. Without a reference to the request: the call that has this
 * would keep all of it from being forgotten. What the access log has to remember is kept here, since a WeakMap costs
 * every request a microsecond more.
 */
export class Exchange {
  readonly startedAt = performance.now();
  readonly requestId: string;
  readonly method: string | undefined;
  readonly path: string;
  /** Calls that have begun and not ended. */
  running = 0;
  /** What the log says of the last one that has ended. */
  callFields: Readonly<Record<string, unknown>> | undefined;
  /** The code with which the answer refuses, once it does. */
  refusal: ErrorCode | undefined;
  /** Set when the answer is over. */
  answer: Pick<Answered, 'status' | 'code' | 'durationMs'> | undefined;

  constructor(request: IncomingMessage) {
    this.requestId = requestIdOf(request);
    this.method = request.method;
    [this.path = ''] = (request.url ?? '').split('?', 1);
  }
}

/** What a call has to begin with for its end to be told together with the answer of this request. */
export function exchangeOf(request: IncomingMessage & WithExchange): object | undefined {
  return request[EXCHANGE];
}

/** What will be told of this exchange of why it was refused; what happens after the answer is told to nobody. */
export function noteRefusal(request: IncomingMessage & WithExchange, code: ErrorCode): void {
  const exchange = request[EXCHANGE];
  if (exchange) exchange.refusal = code;
}

export type ExchangeMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;

/** Tells of every answer. Comes behind `requestIdMiddleware`. */
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
