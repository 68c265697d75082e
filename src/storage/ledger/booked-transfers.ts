import type { Pool } from 'pg';

/** What the books say that one transaction has moved to one address; amounts are atomic units. */
export interface BookedTransfer {
  readonly chainId: number;
  readonly asset: string;
  readonly to: string;
  readonly hash: string;
  readonly amount: bigint;
  /** The payments, or the payment that was paid back. */
  readonly subject: string;
  readonly isRefund: boolean;
}

/** An address to which payments have gone. */
export interface PaidAddress {
  readonly chainId: number;
  readonly asset: string;
  readonly to: string;
  /** When the first of its payments was claimed, epoch milliseconds. */
  readonly sinceMs: number;
}

export async function paidAddresses(pool: Pool): Promise<readonly PaidAddress[]> {
  const { rows } = await pool.query<{ chain_id: number; asset: string; pay_to: string; since: Date }>(
    'SELECT chain_id, asset, pay_to, min(claimed_at) AS since FROM x402_payments GROUP BY 1, 2, 3 ORDER BY 1, 2, 3',
  );
  return rows.map(({ chain_id: chainId, asset, pay_to: to, since }) => ({
    chainId,
    asset,
    to,
    sinceMs: since.getTime(),
  }));
}

/** Settled payments and refunds. */
export async function bookedTransfers(pool: Pool): Promise<readonly BookedTransfer[]> {
  const { rows } = await pool.query<{
    chain_id: number;
    asset: string;
    to_address: string;
    hash: string;
    amount: string;
    subject: string;
    is_refund: boolean;
  }>(
    `SELECT chain_id, asset, pay_to AS to_address, transaction_hash AS hash, sum(amount)::text AS amount,
            string_agg(id, ' ' ORDER BY id) AS subject, false AS is_refund
     FROM x402_payments WHERE state = 'settled' GROUP BY 1, 2, 3, 4
     UNION ALL
     SELECT chain_id, asset, payer, refund_hash, refund_due::text, id, true
     FROM x402_payments WHERE refunded_at IS NOT NULL
     ORDER BY subject`,
  );
  return rows.map(
    ({ chain_id: chainId, asset, to_address: to, hash, amount, subject, is_refund: isRefund }) => ({
      chainId,
      asset,
      to,
      hash,
      amount: BigInt(amount),
      subject,
      isRefund,
    }),
  );
}

/** Transactions of payments that are still under way. */
export async function hashesUnderWay(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ hash: string }>(
    `SELECT t.hash FROM chain_transactions t JOIN x402_payments p ON p.id = t.payment_id WHERE p.state = 'due'`,
  );
  return new Set(rows.map(({ hash }) => hash));
}
