import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import type { Hex, LocalChain } from '../../scripts/local-chain/local-chain.js';
import { until } from './until.js';

/** A payment that has moved has a next attempt until its receipt says so. */
const UNDER_WAY = `state IN ('claimed', 'due') OR concluded_at IS NULL OR next_attempt_at IS NOT NULL`;

/** When no payment is under way any more, the seller has exactly what the books say, by exactly those transactions. */
export async function expectChainAgrees(pool: Pool, chain: LocalChain, seller: Hex): Promise<void> {
  await until(() => isOver(pool));
  const { rows } = await pool.query<{ hash: Hex; amount: string; tx_hash: Hex | null; paid: string | null }>(
    `SELECT p.transaction_hash AS hash, p.amount, r.tx_hash, r.final_amount AS paid FROM x402_payments p
     LEFT JOIN receipts r ON r.hold_id = p.hold_id AND r.settlement_status = 'settled'
     WHERE p.state = 'settled' AND (r.id IS NOT NULL OR p.refund_due = p.amount)`,
  );
  const moved = await chain.transfersTo(seller);
  const byHash = (one: { hash: string }, other: { hash: string }): number => (one.hash < other.hash ? -1 : 1);
  expect(rows.map(({ hash, amount }) => ({ hash, value: BigInt(amount) })).sort(byHash)).toEqual(
    moved.map(({ hash, value }) => ({ hash, value })).sort(byHash),
  );
  for (const { hash, amount, tx_hash: told, paid } of rows)
    if (paid !== null) expect([told, paid]).toEqual([hash, amount]);
  expect(await chain.balanceOf(seller)).toBe(moved.reduce((sum, { value }) => sum + value, 0n));
}

/** Lets the worker go on with what is under way, as if the time until then were over. @returns whether nothing was */
export async function hurryPayments(pool: Pool): Promise<boolean> {
  await pool.query('UPDATE x402_payments SET next_attempt_at = now() WHERE next_attempt_at > now()');
  return isOver(pool);
}

async function isOver(pool: Pool): Promise<boolean> {
  return (await pool.query(`SELECT FROM x402_payments WHERE ${UNDER_WAY}`)).rowCount === 0;
}
