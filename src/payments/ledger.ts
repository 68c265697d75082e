import type { RecordEnd, RecordStart } from './call-record.js';
import type { Charge } from '../base/money/metering.js';
import type { WorkTerms } from '../base/money/price.js';
import type { KeptAnswer } from './once/idempotency-store.js';
import type { OnceKey } from './once/once-key.js';
import type { Budget } from './outcome.js';
import type { Payer } from './payer.js';
import type { PaymentClaim, PaymentScheme } from './x402/payment.js';

export interface HoldRequest {
  readonly holdId: string;
  readonly payer: Payer;
  /** The key's rate limit has counted the request already. */
  readonly counted?: boolean;
  /** The id of the catalog entry, as the key's allowed models name it. */
  readonly model: string;
  /** Atomic USDC. */
  readonly wanted: bigint;
  readonly minimum: bigint;
  readonly requestId: string;
  readonly responseId: string | undefined;
  /** Set for a call that runs once: the first such request gets the hold, and no other. */
  readonly once?: (OnceKey & { readonly accepted?: KeptAnswer }) | undefined;
  /** The input that is charged after a crash before the first progress report. */
  readonly inputTokens: number;
  readonly terms: WorkTerms;
  /** The payment to claim together with the hold, which has its amount; for a wallet. */
  readonly payment?: PaymentClaim | undefined;
  /** Written if the hold is granted. */
  readonly record?: RecordStart | undefined;
}

export interface HoldGrant {
  readonly keyId: string;
  readonly accountId: string;
  /** The key's own chain. */
  readonly chainId: number | null;
  /** min(wanted, free) */
  readonly amount: bigint;
  readonly budget: Budget;
}

export type RefusalReason =
  | 'unknown_key'
  | 'revoked'
  | 'expired'
  | 'rate_limited'
  | 'concurrency_limited'
  | 'model_not_allowed'
  | 'insufficient_budget'
  | 'budget_held'
  | 'once_taken'
  | 'payment_claimed'
  | 'storage_full'
  | 'no_lease';

export interface HoldRefusal {
  /** For a full account: whether the key's rate limit has counted the request nevertheless. */
  readonly isCounted?: boolean | undefined;
  readonly reason: RefusalReason;
  readonly required: bigint;
  /** What is really free. */
  readonly remaining: bigint;
  readonly retryAfterMs: number | undefined;
  /** The key's own limit that refused the call. */
  readonly limit?: number | undefined;
}

/** The end of paid work, as the books and its receipt have it. */
export interface Settlement {
  readonly accountId: string;
  readonly requestId: string;
  readonly responseId: string | undefined;
  readonly receiptId: string;
  readonly network: string;
  readonly provider: string;
  readonly meterSubject: string;
  readonly charge: Charge;
  readonly estimated: boolean;
  readonly settledAtMs: number;
  /** Set when a wallet pays. */
  readonly payment?: SettledPayment | undefined;
}

export interface SettledPayment {
  readonly scheme: PaymentScheme;
  /** The amount of the hold, atomic USDC. */
  readonly authorised: bigint;
  /** Set when the amount has been moved already. */
  readonly transactionHash?: string | undefined;
}

/** A settlement with the hold that it ends. */
export interface HoldSettlement extends Settlement {
  readonly holdId: string;
  readonly keyId: string;
  readonly idempotencyKey: string | undefined;
  /** The amount of the hold, atomic USDC. A higher price is charged as far as the free budget allows. */
  readonly held: bigint;
  readonly record?: RecordEnd | undefined;
}

/**
 * What was charged, and the part of the price that was not covered; atomic USDC. Below zero: the part of an `exact`
 * payment that was not used, and is charged nevertheless.
 */
export interface SettledAmounts {
  readonly finalAmount: bigint;
  readonly overrun: bigint;
}

/** The parts of a settlement that show the amounts that were charged. */
export interface SettlementEnd {
  /** The receipt's signature. */
  readonly signature: string;
  /** The answer to keep, for a call that runs once. */
  readonly answer: KeptAnswer | undefined;
}

/** A settlement with its end as it is when the whole price is charged. */
export interface SignedSettlement extends HoldSettlement, SettlementEnd {
  readonly endWith: (amounts: SettledAmounts) => SettlementEnd;
}

export interface Release {
  readonly holdId: string;
  readonly keyId: string;
  readonly record?: RecordEnd | undefined;
}

export interface SettlementResult extends SettledAmounts {
  /** `ended_before`: the hold had been ended for this call; nothing was charged to the key now. */
  readonly outcome: 'settled' | 'ended_before';
}

/** The data cannot be written as it is, now or later. Nothing of it was written. */
export class UnwritableError extends Error {}

/**
 * The books. Every method is one statement or one transaction, and safe to call again with the same ids when its
 * outcome is unknown. @throws UnwritableError, or whatever the database threw; a ledger that fails never makes a call
 * free.
 */
export abstract class Ledger {
  /** Checks the key and takes a hold, both or neither. */
  abstract hold(request: HoldRequest): Promise<HoldGrant | HoldRefusal>;
  /**
   * Writes that the call of a hold is about to be sent upstream. If its process dies from here on, the call is
   * charged for its input and not run again. False when the hold has ended.
   */
  abstract markSent(holdId: string): Promise<boolean>;
  /** Ends a hold with a charge and its signed receipt; keeps the answer of a call that runs once. */
  abstract settle(settlement: SignedSettlement): Promise<SettlementResult>;
  /** The same for a process that died. Changes nothing when another process has swept the hold in the meantime. */
  abstract settleAbandoned(settlement: SignedSettlement): Promise<SettlementResult>;
  /** Ends a hold without a charge; a call that runs once may then run again. */
  abstract release(release: Release): Promise<void>;
}

export function isRefusal(answer: HoldGrant | HoldRefusal): answer is HoldRefusal {
  return 'reason' in answer;
}
