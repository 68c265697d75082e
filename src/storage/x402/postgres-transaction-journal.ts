import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import {
  TransactionJournal,
  type JournaledTransaction,
  type TransactionPurpose,
} from '../../payments/x402/transaction-journal.js';
import { Database } from '../database.js';
import { inTransaction } from '../in-transaction.js';
import { PATIENCE, whileLocked, type LockWait } from '../lock-wait.js';
import { NamedStatement } from '../named-statement.js';

interface TransactionRow {
  readonly hash: string;
  readonly raw: string;
  readonly signer: string;
  readonly nonce: string;
}

type Sign = (nonce: number) => Promise<Signed>;

interface Signed {
  readonly hash: string;
  readonly raw: string;
}

interface Signer {
  /** The next account nonce, if nobody else has used it. */
  next: number | undefined;
  /** Ends with the last transaction that this process writes. Never rejects. */
  last: Promise<void>;
}

/** Takes the nonce that was signed with, if it is the next one, and writes the transaction: both or neither. */
const JOURNAL = new NamedStatement(
  'journal_transaction',
  `WITH taken AS (
    UPDATE chain_signers s SET next_nonce = s.next_nonce + 1 FROM ${PATIENCE}
    WHERE patience.set AND s.chain_id = $chainId AND s.signer = $signer AND s.next_nonce = $nonce RETURNING s.chain_id)
  INSERT INTO chain_transactions (hash, chain_id, signer, nonce, raw, payment_id, kind, created_at)
  SELECT $hash, $chainId, $signer, $nonce, $raw, $paymentId, $kind, clock_timestamp() FROM taken`,
);

/** Each time, another process has written a transaction. */
const MOST_TRIES = 100;

const ended = (): void => undefined;

@Injectable()
export class PostgresTransactionJournal extends TransactionJournal {
  private readonly signers = new Map<string, Signer>();

  constructor(private readonly database: Database) {
    super();
  }

  /** One after the other: two that sign with one nonce at once would only disturb each other. */
  async write(
    purpose: TransactionPurpose,
    firstNonce: () => Promise<number>,
    sign: Sign,
  ): Promise<JournaledTransaction> {
    const signer = this.signerOf(purpose);
    const written = signer.last.then(() => this.writeNext(signer, purpose, firstNonce, sign));
    signer.last = written.then(ended, ended);
    return written;
  }

  /** Signs anew when another process has written with the nonce meanwhile. */
  private async writeNext(
    known: Signer,
    purpose: TransactionPurpose,
    firstNonce: () => Promise<number>,
    sign: Sign,
  ): Promise<JournaledTransaction> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const nonce = known.next ?? (await this.nextNonce(purpose, firstNonce));
      const signed = await sign(nonce);
      known.next = undefined;
      const isWritten = await whileLocked((lockWait) => this.writeWith(nonce, signed, purpose, lockWait));
      if (!isWritten) continue;
      known.next = nonce + 1;
      return { ...signed, signer: purpose.signer, nonce };
    }
    throw new Error(`Other processes have written with ${MOST_TRIES} nonces of this signer in turn.`);
  }

  private signerOf({ chainId, signer }: TransactionPurpose): Signer {
    const name = `${chainId}:${signer}`;
    const known = this.signers.get(name) ?? { next: undefined, last: Promise.resolve() };
    this.signers.set(name, known);
    return known;
  }

  private async nextNonce(
    { chainId, signer }: TransactionPurpose,
    firstNonce: () => Promise<number>,
  ): Promise<number> {
    const find = async (): Promise<number | undefined> => {
      const { rows } = await this.database.pool.query<{ next_nonce: string }>(
        'SELECT next_nonce FROM chain_signers WHERE chain_id = $1 AND signer = $2',
        [chainId, signer],
      );
      return rows[0] && Number(rows[0].next_nonce);
    };
    const found = await find();
    if (found !== undefined) return found;
    const first = await firstNonce();
    await this.database.pool.query(
      'INSERT INTO chain_signers (chain_id, signer, next_nonce) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [chainId, signer, first],
    );
    return (await find()) ?? first;
  }

  /** @returns false when the nonce has been used by then */
  private async writeWith(
    nonce: number,
    signed: Signed,
    purpose: TransactionPurpose,
    lockWait: LockWait,
  ): Promise<boolean> {
    const { pool } = this.database;
    const query = JOURNAL.with({ ...purpose, ...signed, nonce, lockWait });
    if (purpose.kind === 'settlement') return (await pool.query(query)).rowCount === 1;
    return inTransaction(pool, async (client) => {
      await requireDue(client, purpose);
      return (await client.query(query)).rowCount === 1;
    });
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
