import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { HeaderFields } from '../../streaming/presenter.js';
import { ledgerUnavailable } from '../charge-failures.js';
import { IdempotencyStore, type IdempotencyRecord } from '../once/idempotency-store.js';
import { inFlight, Once, type Earlier } from '../once/once.js';
import type { OnceKey } from '../once/once-key.js';
import type { StoredPayment } from './payment.js';
import { Orders } from './orders.js';

/** The answer to a request that has been paid for. */
export interface PaidAnswer {
  readonly earlier: Earlier;
  readonly headers: HeaderFields;
}

/** Answers requests whose payment was claimed before. Never with a 402, while anything may have been paid. */
@Injectable()
export class RepeatedPayments {
  constructor(
    private readonly records: IdempotencyStore,
    private readonly once: Once,
    private readonly orders: Orders,
  ) {}

  /**
   * @returns undefined for a payment that failed: nothing was paid
   * @throws GatewayError idempotency_in_flight; service_unavailable while it is not known whether it was paid;
   * payment_used where the answer is not kept; idempotency_conflict for another request
   */
  async answerTo(payment: StoredPayment, fingerprint: Buffer): Promise<PaidAnswer | undefined> {
    if (payment.state === 'failed') return undefined;
    if (!payment.fingerprint.equals(fingerprint))
      throw new GatewayError('idempotency_conflict', undefined, { shouldRetry: false });
    const record = await this.find(payment);
    if (payment.state === 'claimed' || record?.answer === 'running') throw inFlight();
    if (payment.state === 'due') throw unknownOutcome();
    return answerOf(payment, record, await this.orders.response(payment));
  }

  /**
   * The answer of a request with this `Idempotency-Key` that is not open any more.
   * @throws GatewayError as `Once.earlier`
   */
  byKey(accountId: string, once: OnceKey): Promise<Earlier | undefined> {
    return this.once.earlierOf(accountId, once);
  }

  private find({ accountId, onceKey }: StoredPayment): Promise<IdempotencyRecord | undefined> {
    return this.records.find(accountId, onceKey).catch((cause: unknown) => {
      throw ledgerUnavailable(cause);
    });
  }
}

function answerOf(
  payment: StoredPayment,
  record: IdempotencyRecord | undefined,
  response: string,
): PaidAnswer {
  const headers = { 'PAYMENT-RESPONSE': response };
  const answer = record?.answer;
  if (record === undefined || answer === undefined || typeof answer === 'string')
    throw new GatewayError('payment_used', undefined, { headers, shouldRetry: false });
  const { accountId } = payment;
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
