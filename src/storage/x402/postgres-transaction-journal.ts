import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import {
  TransactionJournal,
  type JournaledTransaction,
  type TransactionPurpose,
} from '../../payments/x402/transaction-journal.js';
import { Database } from '../database.js';
import { inTransaction } from '../in-transaction.js';
import { whileLocked, type LockWait } from '../lock-wait.js';

interface TransactionRow {
  readonly hash: string;
  readonly raw: string;
  readonly signer: string;
  readonly nonce: string;
}

@Injectable()
export class PostgresTransactionJournal extends TransactionJournal {
  constructor(private readonly database: Database) {
    super();
  }

  async write(
    purpose: TransactionPurpose,
    firstNonce: () => Promise<number>,
    sign: (nonce: number) => Promise<{ readonly hash: string; readonly raw: string }>,
  ): Promise<JournaledTransaction> {
    const { pool } = this.database;
    const { chainId, signer, paymentId, kind } = purpose;
    const { rowCount } = await pool.query('SELECT FROM chain_signers WHERE chain_id = $1 AND signer = $2', [
      chainId,
      signer,
    ]);
    if (rowCount === 0)
      await pool.query(
        'INSERT INTO chain_signers (chain_id, signer, next_nonce) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [chainId, signer, await firstNonce()],
      );
    return whileLocked((lockWait) =>
      inTransaction(pool, async (client) => {
        const nonce = await nextNonce(client, purpose, lockWait);
        if (kind === 'refund') await requireDue(client, purpose);
        const { hash, raw } = await sign(nonce);
        await client.query(
          `INSERT INTO chain_transactions (hash, chain_id, signer, nonce, raw, payment_id, kind, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`,
          [hash, chainId, signer, nonce, raw, paymentId, kind],
        );
        return { hash, raw, signer, nonce };
      }),
    );
  }

  async replace(
    { hash: replaced, signer, nonce }: JournaledTransaction,
    { hash, raw }: { readonly hash: string; readonly raw: string },
  ): Promise<JournaledTransaction> {
    await this.database.pool.query(
      `INSERT INTO chain_transactions (hash, chain_id, signer, nonce, raw, payment_id, kind, created_at)
       SELECT $1, chain_id, signer, nonce, $2, payment_id, kind, clock_timestamp()
       FROM chain_transactions WHERE hash = $3 ON CONFLICT DO NOTHING`,
      [hash, raw, replaced],
    );
    return { hash, raw, signer, nonce };
  }

  async from(
    chainId: number,
    signer: string,
    nonce: number,
    limit: number,
  ): Promise<readonly JournaledTransaction[]> {
    const { rows } = await this.database.pool.query<TransactionRow>(
      `SELECT hash, raw, signer, nonce FROM chain_transactions
       WHERE chain_id = $1 AND signer = $2 AND nonce >= $3 ORDER BY nonce, created_at LIMIT $4`,
      [chainId, signer, nonce, limit],
    );
    return rows.map(journaled);
  }

  async of(paymentId: string, kind: TransactionPurpose['kind']): Promise<readonly JournaledTransaction[]> {
    const { rows } = await this.database.pool.query<TransactionRow>(
      `SELECT hash, raw, signer, nonce FROM chain_transactions
       WHERE payment_id = $1 AND kind = $2 ORDER BY created_at, nonce`,
      [paymentId, kind],
    );
    return rows.map(journaled);
  }
}

/** A payment's row is locked until its refund is written, so that nobody else writes one meanwhile. */
async function requireDue(client: PoolClient, { paymentId, known = 0 }: TransactionPurpose): Promise<void> {
  const { rowCount } = await client.query(
    'SELECT FROM x402_payments WHERE id = $1 AND refund_due > 0 AND refunded_at IS NULL FOR UPDATE',
    [paymentId],
  );
  if (rowCount === 0) throw new Error(`Nothing is owed for ${paymentId}.`);
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM chain_transactions WHERE payment_id = $1 AND kind = 'refund'`,
    [paymentId],
  );
  if (rows[0]?.count !== known) throw new Error(`Somebody else is paying ${paymentId} back.`);
}

function journaled({ nonce, ...row }: TransactionRow): JournaledTransaction {
  return { ...row, nonce: Number(nonce) };
}

/** Locks the signer's row until the transaction ends. */
async function nextNonce(
  client: PoolClient,
  { chainId, signer }: TransactionPurpose,
  lockWait: LockWait,
): Promise<number> {
  await client.query(`SELECT set_config('lock_timeout', $1, true)`, [lockWait]);
  const { rows } = await client.query<{ nonce: string }>(
    `UPDATE chain_signers SET next_nonce = next_nonce + 1
     WHERE chain_id = $1 AND signer = $2 RETURNING next_nonce - 1 AS nonce`,
    [chainId, signer],
  );
  return Number(rows[0]?.nonce);
}
