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
  /** The part of the price that no budget covered; the operator bears it. */
  readonly overrun: bigint;
  readonly settledAtMs: number;
  readonly signature?: string | undefined;
}

/**
 * Final = provider + fee, if the budget covers it. Otherwise a line `overrun` with a negative amount shows the part
 * that the operator bears, and final = provider + fee + that line.
 */
export function buildReceipt(charge: SettledCharge): Receipt {
  return {
    id: charge.receiptId,
    type: 'compose.receipt',
    finalAmountWei: charge.finalAmount.toString(),
    providerAmountWei: charge.providerAmount.toString(),
    platformFeeWei: charge.platformFee.toString(),
    network: charge.network,
    meterSubject: charge.meterSubject,
    lineItems: charge.overrun > 0n ? [...charge.lineItems, overrunLine(charge.overrun)] : charge.lineItems,
    ...(charge.responseId === undefined ? {} : { responseId: charge.responseId }),
    requestId: charge.requestId,
    account: charge.accountId,
    settledAt: charge.settledAtMs,
    settlementStatus: 'settled',
    ...(charge.signature === undefined ? {} : { signature: charge.signature }),
  };
}

function overrunLine(overrun: bigint): LineItem {
  return {
    key: 'overrun',
    unit: 'atomic_usdc',
    quantity: 1,
    unitPriceUsd: '0',
    amountWei: (-overrun).toString(),
  };
}
