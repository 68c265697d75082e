import type { GatewayError } from '../base/errors/gateway-error.js';
import type { Trial } from './text/remedy.js';

/** An upstream's own words about a refusal. For the log: nothing of them is cleaned. */
export interface UpstreamWords {
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
  readonly message?: string | undefined;
}

/** A failed attempt: what the client would be told, and whether another attempt may succeed. */
export class UpstreamFailure extends Error {
  constructor(
    readonly error: GatewayError,
    readonly options: {
      /** Connect failure, 408, 409, 429 or 5xx. */
      readonly retryable: boolean;
      /** Would be the same at this target again, and is no fault of the request: another target may answer. */
      readonly elsewhere?: boolean;
      /** Counts towards setting the target aside (not for a client's own 400 or for a 429). */
      readonly targetFault: boolean;
      /** The upstream's `Retry-After`, milliseconds. */
      readonly retryAfterMs?: number;
      /** Of a submission: nothing has begun upstream, and nothing will. Absent: that is not known. */
      readonly refused?: boolean;
      /** With it the same target may take the request. */
      readonly trial?: Trial | undefined;
      /** Absent when the upstream said nothing. Its HTTP status; undefined for an error inside a stream. */
      readonly said?: { readonly status: number | undefined; readonly words: UpstreamWords };
    },
  ) {
    super(error.message, { cause: error });
    this.name = 'UpstreamFailure';
  }
}
