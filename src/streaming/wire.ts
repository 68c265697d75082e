import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayError } from '../base/errors/gateway-error.js';
import type { HeaderFields } from './presenter.js';

export interface ErrorAnswer {
  readonly status: number;
  /** Headers that the error requires. */
  readonly headers: HeaderFields;
  /** JSON text. */
  readonly body: string;
}

/** Context for showing an error. */
export interface ErrorContext {
  readonly requestId: string;
  /** Whether the client is shown the error's `details`. */
  readonly withDetails: boolean;
}

/**
 * What all routes of one dialect send alike, and the headers that hold the client's key. Presenters handle what differs
 * between routes. Stateless: one object serves all requests.
 */
export interface Wire {
  /** Whole frames that keep a silent stream alive. */
  readonly ping: string;
  /** Whole frames that end every stream, after the presenter's last frame; may be empty. */
  readonly end: string;
  /** An error instead of an answer. */
  errorAnswer(error: GatewayError, context: ErrorContext): ErrorAnswer;
  /** An error in a stream that has begun, as whole frames. */
  errorFrame(error: GatewayError, requestId: string): string;
  /** The error for an address that has no route. The path comes without its query. */
  noRoute(method: string, path: string): GatewayError;
  /** All candidates for the client's key, the likeliest first: trimmed, and not empty. */
  keysIn(headers: IncomingHttpHeaders): readonly string[];
}
