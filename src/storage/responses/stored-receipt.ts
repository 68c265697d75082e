import { buildReceipt } from '../../base/money/build-receipt.js';
import { jwsOf } from '../../base/money/receipt-proof.js';
import type { LineItem, Receipt } from '../../base/money/receipt.js';
import { fromStoredLine, type StoredLine } from '../../base/money/stored-lines.js';

/** The columns of a receipt; all null where there is none. */
export interface ReceiptRow {
  readonly receipt_id: string | null;
  readonly account_id: string;
  readonly request_id: string;
  readonly network: string;
  readonly meter_subject: string;
  /** Of receipts of earlier versions. */
  readonly line_items: readonly LineItem[];
  readonly lines: readonly StoredLine[] | null;
  readonly provider_amount: string;
  readonly platform_fee: string;
  readonly final_amount: string;
  readonly overrun: string;
  readonly unused_prepayment: string;
  readonly settlement_status: Receipt['settlementStatus'];
  readonly tx_hash: string | null;
  readonly settled_at: Date;
  /** Of receipts of earlier versions, and of those that changed since they were written. */
  readonly signature: string | null;
  readonly proof: Buffer | null;
}

export const RECEIPT_COLUMNS = `t.id AS receipt_id, t.request_id, t.network, t.meter_subject, t.line_items, t.lines,
  t.provider_amount, t.platform_fee, t.final_amount, t.overrun, t.unused_prepayment, t.settlement_status, t.tx_hash,
  t.settled_at, t.signature, t.proof`;

export function storedReceipt(row: ReceiptRow, responseId: string | undefined): Receipt | undefined {
  if (row.receipt_id === null) return undefined;
  const receipt = buildReceipt({
    receiptId: row.receipt_id,
    accountId: row.account_id,
    requestId: row.request_id,
    responseId,
    network: row.network,
    meterSubject: row.meter_subject,
    lineItems: row.lines?.map(fromStoredLine) ?? row.line_items,
    providerAmount: BigInt(row.provider_amount),
    platformFee: BigInt(row.platform_fee),
    finalAmount: BigInt(row.final_amount),
    overrun: BigInt(row.overrun) - BigInt(row.unused_prepayment),
    settledAtMs: row.settled_at.getTime(),
    settlementStatus: row.settlement_status,
    txHash: row.tx_hash ?? undefined,
  });
  const signature = row.signature ?? (row.proof && jwsOf(receipt, row.proof));
  return signature === null ? receipt : { ...receipt, signature };
}
