import type { Pool } from 'pg';

export interface HoldState {
  readonly sent: boolean;
  readonly outputTokens: number;
}

export async function openHolds(pool: Pool): Promise<readonly HoldState[]> {
  const { rows } = await pool.query<{ sent: boolean; output_tokens: number }>(
    'SELECT sent, output_tokens FROM holds ORDER BY created_at',
  );
  return rows.map((row) => ({ sent: row.sent, outputTokens: row.output_tokens }));
}

export interface ReceiptState {
  readonly finalAmount: number;
  readonly estimated: boolean;
}

/** Oldest first; of one key if it is named. */
export async function receipts(pool: Pool, keyId?: string): Promise<readonly ReceiptState[]> {
  const { rows } = await pool.query<{ final_amount: string; estimated: boolean }>(
    'SELECT final_amount, estimated FROM receipts WHERE key_id = coalesce($1, key_id) ORDER BY settled_at',
    [keyId],
  );
  return rows.map((row) => ({ finalAmount: Number(row.final_amount), estimated: row.estimated }));
}

/** What a key has spent, in atomic USDC. */
export async function spentBy(pool: Pool, keyId: string): Promise<number> {
  const { rows } = await pool.query<{ budget_spent: string }>(
    'SELECT budget_spent FROM api_keys WHERE id = $1',
    [keyId],
  );
  return Number(rows[0]?.budget_spent);
}

export async function overruns(pool: Pool): Promise<readonly { amount: number; reason: string }[]> {
  const { rows } = await pool.query<{ amount: string; reason: string }>(
    'SELECT amount, reason FROM overruns',
  );
  return rows.map(({ amount, reason }) => ({ amount: Number(amount), reason }));
}
