import type { GatewayError } from '../base/errors/gateway-error.js';
import type { Trial } from './text/remedy.js';

/** An upstream's own words about a refusal, uncleaned: for the log only. */
export interface UpstreamWords {
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
  readonly message?: string | undefined;
}

/**
 * What a failure says of the key that was used: `refused`, it or its account is no good; `limited`, it may call again
 * after the `Retry-After`; `denied`, it may not do this, but perhaps other things.
 */
export type KeyFault = 'refused' | 'limited' | 'denied';

/** A failed attempt: what the client would be told, and whether another attempt may succeed. */
export class UpstreamFailure extends Error {
  constructor(
    readonly error: GatewayError,
    readonly options: {
      /** Connect failure, 408, 409, 429 or 5xx. */
      readonly retryable: boolean;
      /** The same target would fail again, but not because of the request: another target may answer. */
      readonly elsewhere?: boolean;
      /** Counts towards setting the target aside (not for a client's own 400 or for a 429). */
      readonly targetFault: boolean;
      /** The fault is with the key, which is then set aside instead of the target: another key may answer. */
      readonly ofKey?: KeyFault | undefined;
      /** The upstream's `Retry-After`, milliseconds. */
      readonly retryAfterMs?: number;
      /** For a submission: no job has begun upstream, and none will. Absent: not known. */
      readonly refused?: boolean;
      /** Changes with which the same target may accept the request. */
      readonly trial?: Trial | undefined;
      /** Absent when the upstream said nothing. `status` is its HTTP status; undefined for an error inside a stream. */
      readonly said?: { readonly status: number | undefined; readonly words: UpstreamWords };
    },
  ) {
    super(error.message, { cause: error });
    this.name = 'UpstreamFailure';
  }
}
