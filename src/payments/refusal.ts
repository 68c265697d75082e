import { GatewayError, type ErrorCode } from '../errors/gateway-error.js';
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
  storage_full: 'storage_limit_exceeded',
  no_lease: 'service_unavailable',
};

/** Refusals that end by waiting carry a `Retry-After`, in seconds. */
const RETRY_AFTER_SECONDS: Partial<Record<RefusalReason, number>> = {
  concurrency_limited: 1,
  budget_held: 1,
  once_taken: 1,
  no_lease: 1,
};

export function refusalError({ reason, required, remaining, retryAfterMs }: HoldRefusal): GatewayError {
  const aboutBudget = reason === 'insufficient_budget' || reason === 'budget_held';
  return new GatewayError(CODES[reason], undefined, {
    param: reason === 'model_not_allowed' ? 'model' : undefined,
    retryAfterSeconds:
      retryAfterMs === undefined ? RETRY_AFTER_SECONDS[reason] : Math.max(1, Math.ceil(retryAfterMs / 1000)),
    details: aboutBudget ? { required: required.toString(), remaining: remaining.toString() } : undefined,
  });
}
