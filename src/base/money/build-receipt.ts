import type { LineItem, Receipt } from './receipt.js';

/** A charge as the ledger keeps it. */
export interface SettledCharge {
  readonly receiptId: string;
  readonly accountId: string;
  readonly requestId: string;
  readonly responseId: string | undefined;
  readonly network: string;
  readonly meterSubject: string;
  readonly lineItems: readonly LineItem[];
  readonly providerAmount: bigint;
  readonly platformFee: bigint;
  readonly finalAmount: bigint;
  /** The part of the price that no budget covered, borne by the operator; below zero, prepaid and not used. */
  readonly overrun: bigint;
  readonly settledAtMs: number;
  readonly settlementStatus?: Receipt['settlementStatus'];
  readonly txHash?: string | undefined;
  readonly signature?: string | undefined;
}

/**
 * Final = provider + fee, if the budget covers it. Otherwise a line `overrun` with a negative amount shows the part
 * that the operator bears, or a line `unused_prepayment` the part that an `exact` payment moved on top, and final =
 * provider + fee + that line.
 */
export function buildReceipt(charge: SettledCharge): Receipt {
  const saved = cacheSaved(charge.lineItems);
  return {
    id: charge.receiptId,
    type: 'compose.receipt',
    finalAmountWei: charge.finalAmount.toString(),
    providerAmountWei: charge.providerAmount.toString(),
    platformFeeWei: charge.platformFee.toString(),
    ...(saved === undefined ? {} : { cacheSavedWei: saved.toString() }),
    network: charge.network,
    meterSubject: charge.meterSubject,
    lineItems:
      charge.overrun === 0n ? charge.lineItems : [...charge.lineItems, differenceLine(charge.overrun)],
    ...(charge.responseId === undefined ? {} : { responseId: charge.responseId }),
    requestId: charge.requestId,
    account: charge.accountId,
    settledAt: charge.settledAtMs,
    settlementStatus: charge.settlementStatus ?? 'settled',
    ...(charge.txHash === undefined ? {} : { txHash: charge.txHash }),
    ...(charge.signature === undefined ? {} : { signature: charge.signature }),
  };
}

function cacheSaved(lines: readonly LineItem[]): bigint | undefined {
  return lines.reduce<bigint | undefined>(
    (sum, { savedWei }) => (savedWei === undefined ? sum : (sum ?? 0n) + BigInt(savedWei)),
    undefined,
  );
}

function differenceLine(overrun: bigint): LineItem {
  return {
    key: overrun > 0n ? 'overrun' : 'unused_prepayment',
    unit: 'atomic_usdc',
    quantity: 1,
    unitPriceUsd: '0',
    amountWei: (-overrun).toString(),
  };
}
