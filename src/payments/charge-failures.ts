import { GatewayError } from '../base/errors/gateway-error.js';

/** The ledger failed for so long that the client has an error instead of its answer. */
export class AnsweredWithError extends Error {}

/** Nothing was shown and nothing is charged, so another try costs nothing. */
export function cutOffUnpaid(): GatewayError {
  return new GatewayError('service_unavailable', 'The gateway stopped this call before it was complete.', {
    retryAfterSeconds: 1,
  });
}

export function ledgerUnavailable(cause: unknown): GatewayError {
  return new GatewayError('service_unavailable', undefined, { retryAfterSeconds: 5, cause });
}
