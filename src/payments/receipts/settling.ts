import { Injectable, Logger } from '@nestjs/common';
import { buildReceipt } from '../../base/money/build-receipt.js';
import type { Receipt } from '../../base/money/receipt.js';
import {
  Ledger,
  type HoldSettlement,
  type SettledAmounts,
  type Settlement,
  type SettlementEnd,
  type SignedSettlement,
} from '../ledger.js';
import { LedgerClock } from '../ledger-clock.js';
import type { KeptAnswer } from '../once/idempotency-store.js';
import type { OnceCall } from '../once/recorded-answer.js';
import { ReceiptSigner } from './receipt-signer.js';
import { Settlements } from '../x402/settlements.js';

interface ReceiptedEnd extends SettlementEnd {
  readonly receipt: Receipt;
}

interface Receipted extends SignedSettlement, ReceiptedEnd {
  readonly endWith: (amounts: SettledAmounts) => ReceiptedEnd;
}

/**
 * Settles with signed receipts, and with the answers that show them. The content of a receipt is known before the
 * ledger writes it, unless the price is higher than the hold of a key.
 */
@Injectable()
export class Settling {
  private readonly logger = new Logger(Settling.name);

  constructor(
    private readonly ledger: Ledger,
    private readonly signer: ReceiptSigner,
    readonly settlements: Settlements,
    readonly clock: LedgerClock,
  ) {}

  /** @returns nothing when the hold had been ended before: its receipt, if any, was written then. */
  async settle(settlement: HoldSettlement, once?: OnceCall): Promise<Receipt | undefined> {
    const signed = this.signed(settlement, once);
    const { outcome, ...amounts } = await this.ledger.settle(signed);
    if (outcome === 'ended_before') {
      this.answer(once, undefined);
      return undefined;
    }
    return (amounts.overrun === 0n ? signed : signed.endWith(amounts)).receipt;
  }

  /** Settles on behalf of a process that died. */
  async settleAbandoned(settlement: HoldSettlement): Promise<void> {
    await this.ledger.settleAbandoned(this.signed(settlement, undefined));
  }

  /** Signs the receipt of work that another statement charges in full, which ends the hold together with the work. */
  sign(settlement: Settlement): string {
    return this.signer.sign(receiptOf(settlement, inFull(settlement)));
  }

  private signed(settlement: HoldSettlement, once: OnceCall | undefined): Receipted {
    const endWith = (amounts: SettledAmounts): ReceiptedEnd => {
      const unsigned = receiptOf(settlement, amounts);
      const signature = this.signer.sign(unsigned);
      const receipt = { ...unsigned, signature };
      return { signature, receipt, answer: this.answer(once, receipt) };
    };
    return { ...settlement, ...endWith(inFull(settlement)), endWith };
  }

  /** A call is charged even if its answer cannot be made. */
  answer(once: OnceCall | undefined, receipt: Receipt | undefined): KeptAnswer | undefined {
    try {
      return once?.answer(receipt);
    } catch (failure) {
      this.logger.error({ msg: 'the answer of a call that runs once cannot be kept', err: failure });
      return undefined;
    }
  }
}

/** For a wallet, exactly; for a key, if its budget covers the price. */
function inFull({ charge, payment }: Settlement): SettledAmounts {
  const price = charge.providerAmount + charge.platformFee;
  if (!payment) return { finalAmount: price, overrun: 0n };
  const { scheme, authorised } = payment;
  const finalAmount = scheme === 'exact' || price > authorised ? authorised : price;
  return { finalAmount, overrun: price - finalAmount };
}

function receiptOf(settlement: Settlement, amounts: SettledAmounts): Receipt {
  const { charge, payment } = settlement;
  const isPending = payment && !payment.transactionHash && amounts.finalAmount > 0n;
  return buildReceipt({
    ...settlement,
    ...charge,
    ...amounts,
    settlementStatus: isPending ? 'pending' : 'settled',
    txHash: payment?.transactionHash,
  });
}
