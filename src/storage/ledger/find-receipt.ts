import type { Pool } from 'pg';
import type { Receipt } from '../../base/money/receipt.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from '../responses/stored-receipt.js';

/** A receipt of any account, for operators. */
export async function findReceipt(pool: Pool, id: string): Promise<Receipt | undefined> {
  const { rows } = await pool.query<ReceiptRow & { readonly response_id: string | null }>(
    `SELECT t.account_id, t.response_id, ${RECEIPT_COLUMNS} FROM receipts t WHERE t.id = $1`,
    [id],
  );
  const [row] = rows;
  return row && storedReceipt(row, row.response_id ?? undefined);
}
