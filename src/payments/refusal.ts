import { GatewayError, type ErrorCode } from '../base/errors/gateway-error.js';
import type { HoldRefusal, RefusalReason } from './ledger.js';

const CODES: Record<RefusalReason, ErrorCode> = {
  unknown_key: 'invalid_api_key',
  revoked: 'revoked_api_key',
  expired: 'expired_api_key',
  rate_limited: 'rate_limit_exceeded',
  concurrency_limited: 'concurrency_limit_exceeded',
  model_not_allowed: 'model_not_allowed',
  insufficient_budget: 'insufficient_budget',
  budget_held: 'budget_held',
  once_taken: 'idempotency_in_flight',
  payment_claimed: 'idempotency_in_flight',
  storage_full: 'storage_limit_exceeded',
  no_lease: 'service_unavailable',
};

/** The `Retry-After`, in seconds, of refusals that pass with time. */
const RETRY_AFTER_SECONDS: Partial<Record<RefusalReason, number>> = {
  concurrency_limited: 1,
  budget_held: 1,
  once_taken: 1,
  payment_claimed: 1,
  no_lease: 1,
};

/** @param limit the key's own setting; the message names it, so that nobody takes it for a provider's limit */
export function limitError(
  reason: 'rate_limited' | 'concurrency_limited',
  limit: number,
  retryAfterMs?: number,
): GatewayError {
  const seconds = secondsFor(reason, retryAfterMs);
  const message =
    reason === 'rate_limited'
      ? `This key's limit of ${limit} ${limit === 1 ? 'request' : 'requests'} per minute is reached. Try again in ${seconds} s.`
      : `This key's limit of ${limit} ${limit === 1 ? 'request' : 'requests'} at a time is reached. Try again when one has ended.`;
  return new GatewayError(CODES[reason], message, { retryAfterSeconds: seconds });
}

export function refusalError({
  reason,
  required,
  remaining,
  retryAfterMs,
  limit,
}: HoldRefusal): GatewayError {
  if ((reason === 'rate_limited' || reason === 'concurrency_limited') && limit !== undefined)
    return limitError(reason, limit, retryAfterMs);
  const aboutBudget = reason === 'insufficient_budget' || reason === 'budget_held';
  return new GatewayError(CODES[reason], undefined, {
    param: reason === 'model_not_allowed' ? 'model' : undefined,
    retryAfterSeconds: secondsFor(reason, retryAfterMs),
    details: aboutBudget ? { required: required.toString(), remaining: remaining.toString() } : undefined,
  });
}

function secondsFor(reason: RefusalReason, retryAfterMs: number | undefined): number | undefined {
  return retryAfterMs === undefined
    ? RETRY_AFTER_SECONDS[reason]
    : Math.max(1, Math.ceil(retryAfterMs / 1000));
}
