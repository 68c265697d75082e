import type { GatewayError } from '../errors/gateway-error.js';

/** A failed attempt: what the client would be told, and whether another attempt may succeed. */
export class UpstreamFailure extends Error {
  constructor(
    readonly error: GatewayError,
    readonly options: {
      /** Connect failure, 408, 409, 429 or 5xx. */
      readonly retryable: boolean;
      /** Counts towards setting the target aside (not for a client's own 400 or for a 429). */
      readonly targetFault: boolean;
      /** The upstream's `Retry-After`, milliseconds. */
      readonly retryAfterMs?: number;
      /** Of a submission: nothing has begun upstream, and nothing will. Absent: that is not known. */
      readonly refused?: boolean;
    },
  ) {
    super(error.message, { cause: error });
    this.name = 'UpstreamFailure';
  }
}
