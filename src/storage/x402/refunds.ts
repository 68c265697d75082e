import type { Pool } from 'pg';
import type { Refund } from '../../payments/x402/refund.js';

export interface StoredRefund extends Refund {
  /** The transaction that has paid it back. */
  readonly transactionHash: string | undefined;
}

/** Undefined: there is no such payment, or nothing is owed for it. */
export async function findRefund(pool: Pool, paymentId: string): Promise<StoredRefund | undefined> {
  const { rows } = await pool.query<{
    chain_id: number;
    asset: string;
    payer: string;
    refund_due: string;
    refund_hash: string | null;
  }>(
    'SELECT chain_id, asset, payer, refund_due, refund_hash FROM x402_payments WHERE id = $1 AND refund_due > 0',
    [paymentId],
  );
  const [row] = rows;
  return (
    row && {
      paymentId,
      chainId: row.chain_id,
      asset: row.asset,
      payer: row.payer,
      amount: BigInt(row.refund_due),
      transactionHash: row.refund_hash ?? undefined,
    }
  );
}

/** Books it, unless it is booked already. */
export async function noteRefund(pool: Pool, paymentId: string, transactionHash: string): Promise<void> {
  await pool.query('SELECT note_x402_refund($1, $2)', [paymentId, transactionHash]);
}
