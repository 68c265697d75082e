import { Injectable } from '@nestjs/common';
import { buildReceipt } from '../domain/build-receipt.js';
import type { Receipt } from '../domain/receipt.js';
import { Ledger, type SettledAmounts, type Settlement, type SignedSettlement } from '../ledger.js';
import { ReceiptSigner } from './receipt-signer.js';

/** Settles with signed receipts. What a receipt says is known before the ledger writes it, overruns aside. */
@Injectable()
export class Settling {
  constructor(
    private readonly ledger: Ledger,
    private readonly signer: ReceiptSigner,
  ) {}

  /** @returns nothing when the hold had been ended before: its receipt, if any, was written then. */
  async settle(settlement: Settlement): Promise<Receipt | undefined> {
    const signed = await this.signed(settlement);
    const { outcome, ...amounts } = await this.ledger.settle(signed);
    if (outcome === 'ended_before') return undefined;
    const signature = amounts.overrun === 0n ? signed.signature : await signed.sign(amounts);
    return { ...receiptOf(settlement, amounts), signature };
  }

  /** On behalf of a process that died. */
  async settleAbandoned(settlement: Settlement): Promise<void> {
    await this.ledger.settleAbandoned(await this.signed(settlement));
  }

  private async signed(settlement: Settlement): Promise<SignedSettlement> {
    const { providerAmount, platformFee } = settlement.charge;
    const sign = (amounts: SettledAmounts): Promise<string> =>
      this.signer.sign(receiptOf(settlement, amounts));
    const signature = await sign({ finalAmount: providerAmount + platformFee, overrun: 0n });
    return { ...settlement, signature, sign };
  }
}

function receiptOf(settlement: Settlement, amounts: SettledAmounts): Receipt {
  return buildReceipt({ ...settlement, ...settlement.charge, ...amounts });
}
