import { Injectable, Logger } from '@nestjs/common';
import { ReceiptSigner } from '../receipts/receipt-signer.js';
import type { Receipt } from '../../base/money/receipt.js';
import { PaymentChains } from './facilitator.js';
import { Orders } from './orders.js';
import type { Movement, PaymentClaim, StoredPayment } from './payment.js';
import { PaymentStore } from './payment-store.js';

/** What has become of a payment. */
export interface Collected {
  readonly payment: StoredPayment;
  /** Its receipt, if it was changed now. */
  readonly receipt?: Receipt | undefined;
}

/**
 * Moves what wallets owe. A payment whose outcome is not known stays due, and `PaymentWorker` goes on with it, in any
 * process.
 */
@Injectable()
export class Settlements {
  private readonly logger = new Logger(Settlements.name);

  constructor(
    private readonly chains: PaymentChains,
    private readonly store: PaymentStore,
    private readonly signer: ReceiptSigner,
    private readonly orders: Orders,
  ) {}

  /**
   * Moves the whole agreed amount before the call ends.
   * @throws Error when the books cannot be written; nothing has been moved then
   */
  async prepay({ id, payment }: PaymentClaim): Promise<StoredPayment> {
    const due = await this.store.startMoving(id, payment.authorised);
    if (!due) throw new Error('the payment is not claimed any more');
    return (await this.attempt(due)).payment;
  }

  /**
   * Moves the amount of the receipt that ended the hold; without a receipt nothing, although it may have been due.
   * @returns undefined when nothing was paid and the signature may be used again
   * @throws Error when the books cannot be written
   */
  async collect(holdId: string): Promise<Collected | undefined> {
    const payment = await this.store.conclude(holdId);
    const isOwed = payment?.state === 'due' && !payment.isFree;
    return payment && (isOwed ? await this.attempt(payment) : { payment });
  }

  /**
   * Goes on with a payment that was attempted before, perhaps by a process that died. Its outcome may be known, and only
   * its receipt not written yet. One whose call was free is only looked for, until it can move no more: an attempt whose
   * answer was lost may have moved it.
   */
  async resume(payment: StoredPayment): Promise<Collected> {
    const { id, chainId, amount = payment.authorised, transactionHash, failure } = payment;
    if (transactionHash !== undefined) return this.complete(payment, { outcome: 'moved', transactionHash });
    if (failure !== undefined) return this.complete(payment, { outcome: 'failed', reason: failure });
    const found = await this.asking(payment, () =>
      this.chains.chain(chainId).facilitator.find(id, payment, amount),
    );
    if (found.outcome !== 'unused') return this.complete(payment, found);
    return payment.isFree ? { payment } : this.attempt(payment);
  }

  private async attempt(payment: StoredPayment): Promise<Collected> {
    const { id, chainId, amount = payment.authorised, isUntried } = payment;
    const movement = await this.asking(payment, () =>
      this.chains.chain(chainId).facilitator.move(id, payment, amount, isUntried),
    );
    return this.complete(payment, movement);
  }

  private async asking<Answer>(
    { id }: StoredPayment,
    ask: () => Promise<Answer>,
  ): Promise<Answer | { readonly outcome: 'unknown' }> {
    try {
      return await ask();
    } catch (failure) {
      this.logger.warn({ msg: 'the chain cannot be asked about a payment', paymentId: id, err: failure });
      return { outcome: 'unknown' };
    }
  }

  private async complete(payment: StoredPayment, movement: Movement): Promise<Collected> {
    if (movement.outcome === 'unknown') return { payment };
    try {
      return await this.store.complete(payment.id, movement, {
        sign: (receipt) => this.signer.sign(receipt),
        response: (completed) => this.orders.response(completed),
      });
    } catch (failure) {
      this.logger.error({ msg: 'a payment is written later', paymentId: payment.id, err: failure });
      return { payment };
    }
  }
}
