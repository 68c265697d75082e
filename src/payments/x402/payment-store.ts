import type { Receipt } from '../../base/money/receipt.js';
import type { Movement, SignedPayment, StoredPayment } from './payment.js';

/** What the books cannot make themselves. */
export interface CompletionWords {
  /** The signature of the changed receipt. */
  sign(receipt: Receipt): string;
  /** The value of `PAYMENT-RESPONSE`. */
  response(payment: StoredPayment): Promise<string>;
}

export type SoughtPayment = Pick<SignedPayment, 'chainId' | 'contract' | 'payer' | 'nonce'>;

export interface KnownPayments {
  /** What all payments of this wallet on this chain have moved, less what is to be paid back. */
  readonly moved: bigint;
  /** The payment that has claimed this nonce. */
  readonly claimed: StoredPayment | undefined;
  /** See `findOpen`. */
  readonly open: StoredPayment | undefined;
}

/** The books of payments by wallets; they are claimed by `Ledger.hold`. */
export abstract class PaymentStore {
  /**
   * What there is before a payment is verified. `moved` is read before the balance: then their sum bounds what the wallet
   * may have in flight, whatever settles in between.
   * @param openKey and `repeatMs`: see `PaymentClaim`
   */
  abstract look(payment: SoughtPayment, openKey: string, repeatMs: number): Promise<KnownPayments>;
  /**
   * The account's payment for this request that is still open: its call runs, its outcome is unknown, or its answer
   * has not been delivered whole for less than `repeatMs`.
   * @param accountId undefined: of any account
   */
  abstract findOpen(
    openKey: string,
    repeatMs: number,
    accountId?: string,
  ): Promise<StoredPayment | undefined>;
  /**
   * The answer was delivered whole: the same request, signed again, is another purchase. One that ended while the
   * outcome was not known yet has told that, as a failure, and does not count.
   */
  abstract delivered(id: string): Promise<void>;
  /**
   * Makes the claimed payment of a running call due before the call ends. Safe to repeat.
   * @returns undefined when it is not claimed any more
   */
  abstract startMoving(id: string, amount: bigint): Promise<StoredPayment | undefined>;
  /**
   * To be called when the hold of a payment has ended: the amount of its receipt becomes due; without a receipt the
   * signature may be used again, and what has been moved is owed to the wallet. Safe to repeat.
   * @returns the payment as it is now; undefined when its signature may be used again
   */
  abstract conclude(holdId: string): Promise<StoredPayment | undefined>;
  /**
   * Writes what became of a payment that is due, once: its state and entries, its receipt under the same id, and the
   * kept answer that shows the receipt. What a failed payment would have bought is erased: it may be bought again.
   * @returns the payment as it is now, with its receipt if its hold has ended with one
   */
  abstract complete(
    id: string,
    movement: Exclude<Movement, { outcome: 'unknown' }>,
    words: CompletionWords,
  ): Promise<{ readonly payment: StoredPayment; readonly receipt: Receipt | undefined }>;
  /** Payments whose hold is gone, which nobody has concluded. */
  abstract unconcluded(limit: number): Promise<readonly StoredPayment[]>;
  /** Makes the payments of videos due whose upstream has accepted them, where their process did not get to it. */
  abstract startNeglected(): Promise<void>;
  /** Takes payments that are due and that nobody has attempted lately; nobody else gets them for `leaseMs`. */
  abstract takeDue(limit: number, leaseMs: number): Promise<readonly StoredPayment[]>;
}
