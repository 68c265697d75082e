import { GatewayError, type ErrorOptions } from '../base/errors/gateway-error.js';
import { UpstreamOverloaded } from '../base/errors/upstream-overloaded.js';
import { UpstreamFailure, type KeyFault } from './upstream-failure.js';

/** What an upstream's error says beside its status, already cleaned. */
export interface StatusDetails {
  /** A path inside the client's own request. */
  readonly param?: string | undefined;
  /** The upstream's message about that field. */
  readonly message?: string | undefined;
  /** The upstream's `Retry-After`, at most one hour. */
  readonly retryAfterMs?: number | undefined;
}

/** Says whose limit it was: waiting helps, raising the key's own limits does not. */
const PROVIDERS_LIMIT =
  "The model's provider takes no more requests at the moment (its own rate limit). Try again later.";

/** Anthropic's status for a service that is overloaded as a whole. */
const OVERLOADED = 529;

/** Retry-After of a 429 that names none. */
const DEFAULT_RETRY_AFTER_MS = 1_000;

/**
 * The failure for a refusal by its HTTP status alone. An upstream's 401, 402, 403 or 404 is the operator's problem,
 * hence 502.
 */
export function failureOfStatus(status: number, details: StatusDetails = {}): UpstreamFailure {
  const { param, message, retryAfterMs } = details;
  const retryAfter = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (status) {
    case 400:
    case 422:
      return new UpstreamFailure(invalidValue(param, message), { retryable: false, targetFault: false });
    case 413:
      return refusal(new GatewayError('request_too_large', 'The request is larger than the model accepts.'));
    case 429:
      return new UpstreamFailure(
        new GatewayError(
          'rate_limit_exceeded',
          PROVIDERS_LIMIT,
          seconds(retryAfterMs ?? DEFAULT_RETRY_AFTER_MS),
        ),
        { retryable: true, targetFault: false, ofKey: 'limited', ...retryAfter },
      );
    case 503:
      return outage(new GatewayError('upstream_unavailable', undefined, seconds(retryAfterMs)), retryAfterMs);
    case OVERLOADED:
      return outage(new UpstreamOverloaded(seconds(retryAfterMs)), retryAfterMs);
    case 504:
      return outage(new GatewayError('upstream_timeout'), retryAfterMs);
    default:
      return new UpstreamFailure(
        new GatewayError('upstream_error', undefined, { cause: `status ${status}` }),
        {
          retryable: status === 408 || status === 409 || status >= 500,
          elsewhere: ELSEWHERE.has(status),
          targetFault: status >= 500 || FAULTS_BELOW_500.has(status),
          ofKey: OF_KEY.get(status),
          ...retryAfter,
        },
      );
  }
}

/**
 * What another key may answer. Services say 403 and 404 of models that a key may not use, and some say 403 of single
 * requests.
 */
const OF_KEY: ReadonlyMap<number, KeyFault> = new Map([
  [401, 'refused'],
  [402, 'refused'],
  [403, 'denied'],
  [404, 'denied'],
]);

/** A refused key, an unpaid account, a missing model, a proxy that refuses the password. */
const ELSEWHERE: ReadonlySet<number> = new Set([...OF_KEY.keys(), 407]);

/** These but for 403, which may be about the request, and a request that did not arrive in time. */
const FAULTS_BELOW_500: ReadonlySet<number> = new Set([401, 402, 404, 407, 408]);

/**
 * The failure for a refusal of this one request: it says nothing about the target, and another attempt would get it
 * again.
 */
export function refusal(error: GatewayError): UpstreamFailure {
  return new UpstreamFailure(error, { retryable: false, targetFault: false });
}

/** A service that is there, and cannot answer now. */
function outage(error: GatewayError, retryAfterMs: number | undefined): UpstreamFailure {
  return new UpstreamFailure(error, {
    retryable: true,
    targetFault: true,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function invalidValue(param: string | undefined, message: string | undefined): GatewayError {
  const words =
    param === undefined
      ? "The model's provider refused the request as invalid for this model."
      : (message ?? `The model's provider does not accept this value of \`${param}\`.`);
  return new GatewayError('invalid_value', words, { param });
}

function seconds(retryAfterMs: number | undefined): ErrorOptions {
  return retryAfterMs === undefined
    ? {}
    : { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)) };
}
