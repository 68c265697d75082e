import { GatewayError } from '../../base/errors/gateway-error.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import type { IdempotencyRecord } from '../once/idempotency-store.js';
import type { Earlier } from '../once/earlier.js';
import { inFlight } from '../once/kept-answer-of.js';
import type { StoredPayment } from './payment.js';

/** The answer to a request that has been paid for. */
export interface PaidAnswer {
  readonly earlier: Earlier;
  readonly headers: HeaderFields;
}

/**
 * For a request whose payment was claimed before. Never throws a 402, while anything may have been paid.
 * @param record of the request that claimed it
 * @throws GatewayError idempotency_in_flight; service_unavailable while the answer does not know whether it was paid
 */
export function requireConcluded(
  { state, isUntold }: StoredPayment,
  record: IdempotencyRecord | undefined,
): void {
  if (state === 'claimed' || record?.answer === 'running') throw inFlight();
  if (state === 'due' || isUntold) throw unknownOutcome();
}

/**
 * @param response the value of `PAYMENT-RESPONSE`
 * @throws GatewayError payment_used where the answer is not kept
 */
export function paidAnswer(
  { accountId }: StoredPayment,
  record: IdempotencyRecord | undefined,
  response: string,
): PaidAnswer {
  const headers = { 'PAYMENT-RESPONSE': response };
  const answer = record?.answer;
  if (record === undefined || answer === undefined || typeof answer === 'string')
    throw new GatewayError('payment_used', undefined, { headers, shouldRetry: false });
  return { earlier: { accountId, responseId: record.responseId, answer }, headers };
}

/** It may have been paid: the client must not pay again, and may come back with the same payment. */
export function unknownOutcome(): GatewayError {
  return new GatewayError(
    'service_unavailable',
    'It is not known yet whether this payment went through. Send the same request with the same payment again.',
    { retryAfterSeconds: 5 },
  );
}
