import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayError } from '../base/errors/gateway-error.js';
import type { HeaderFields } from './presenter.js';

export interface ErrorAnswer {
  readonly status: number;
  /** Those that the error asks for. */
  readonly headers: HeaderFields;
  /** JSON text. */
  readonly body: string;
}

/** What an error may be told with. */
export interface ErrorContext {
  readonly requestId: string;
  /** Whether the client is shown the error's `details`. */
  readonly withDetails: boolean;
}

/**
 * What clients of one dialect are told alike on all of its routes, and where they keep their key. What differs from route
 * to route is for presenters. Without state: one object for all requests.
 */
export interface Wire {
  /** Whole frames that keep a silent stream alive. */
  readonly ping: string;
  /** Whole frames that end every stream, after the presenter's last one; may be empty. */
  readonly end: string;
  /** An error in place of an answer. */
  errorAnswer(error: GatewayError, context: ErrorContext): ErrorAnswer;
  /** An error in a stream that has begun, as whole frames. */
  errorFrame(error: GatewayError): string;
  /** What a client gets who asks for an address that has no route. The path is without its query. */
  noRoute(method: string, path: string): GatewayError;
  /** Everything that may be the client's key, the likeliest first: trimmed, and not empty. */
  keysIn(headers: IncomingHttpHeaders): readonly string[];
}
