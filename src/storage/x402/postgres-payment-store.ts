import { Injectable } from '@nestjs/common';
import type { Pool, QueryConfig } from 'pg';
import { accountOfWallet, Payer } from '../../payments/payer.js';
import {
  PaymentStore,
  type CompletionWords,
  type KnownPayments,
  type SoughtPayment,
} from '../../payments/x402/payment-store.js';
import type { Movement, StoredPayment } from '../../payments/x402/payment.js';
import { Database } from '../database.js';
import { inTransaction } from '../in-transaction.js';
import { PATIENCE, whileLocked } from '../lock-wait.js';
import { NamedStatement } from '../named-statement.js';
import {
  BESIDE_MONEY,
  completePayment,
  type CompletedPayment,
  type PaidContent,
} from './complete-payment.js';
import { storedPayment, type PaymentRow } from './payment-row.js';

/** For so long after a charge, the process that ran the call concludes its payment itself; by two clocks. */
const INLINE_SECONDS = 5;

/** After so long, nobody is about to move the payment of a video that was accepted. */
const NEGLECTED_SECONDS = 30;

const IS_FREE = `NOT EXISTS (SELECT FROM holds h WHERE h.id = p.hold_id)
  AND NOT EXISTS (SELECT FROM receipts r WHERE r.hold_id = p.hold_id) AS is_free`;

const IS_UNTRIED = `NOT EXISTS (
  SELECT FROM chain_transactions t WHERE t.payment_id = p.id AND t.kind = 'settlement') AS is_untried`;

/** It has moved or failed, and its receipt still says that this is pending, or is yet to be changed. */
const UNTOLD = `p.state IN ('settled', 'failed') AND (p.next_attempt_at IS NOT NULL OR EXISTS (
  SELECT FROM receipts r WHERE r.hold_id = p.hold_id AND r.settlement_status = 'pending'))`;

const OPEN = `SELECT p.*, ${UNTOLD} AS is_untold FROM x402_payments p
  WHERE open_key = $openKey AND account_id = coalesce($accountId::text, account_id)
    AND (state IN ('claimed', 'due') OR concluded_at IS NULL
         OR greatest(settled_at, concluded_at) > now() - make_interval(secs => $repeatMs::float8 / 1000))
  ORDER BY claimed_at DESC LIMIT 1`;

const FIND_OPEN = new NamedStatement('find_open_payment', OPEN);

/** One row at least, for what the wallet has moved. */
const LOOK = new NamedStatement(
  'look_for_payments',
  `SELECT coalesce(w.moved, 0) AS moved, found.*
   FROM (VALUES ($hash::bytea)) AS asked (hash) LEFT JOIN api_keys w ON w.key_hash = asked.hash
   LEFT JOIN (
     SELECT true AS is_claim, p.*, ${UNTOLD} AS is_untold FROM x402_payments p
     WHERE p.chain_id = $chainId AND p.contract = $contract AND p.payer = $payer AND p.nonce = $nonce
     UNION ALL SELECT false, o.* FROM (${OPEN}) AS o) AS found ON true`,
);

interface KnownRow extends PaymentRow {
  readonly moved: string;
  /** Null in a row without a payment. */
  readonly is_claim: boolean | null;
}

const CONCLUDE = new NamedStatement(
  'conclude_payment',
  `SELECT p.*, ${IS_FREE}, ${IS_UNTRIED}
   FROM ${PATIENCE} CROSS JOIN LATERAL conclude_x402(CASE WHEN patience.set THEN $holdId END) AS p`,
);

@Injectable()
export class PostgresPaymentStore extends PaymentStore {
  protected readonly content: PaidContent = BESIDE_MONEY;
  private readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  async look(payment: SoughtPayment, openKey: string, repeatMs: number): Promise<KnownPayments> {
    const { chainId, payer } = payment;
    const { hash } = Payer.ofWallet(chainId, payer);
    const values = { ...payment, hash, openKey, repeatMs, accountId: accountOfWallet(payer) };
    const { rows } = await this.pool.query<KnownRow>(LOOK.with(values));
    const found = (isClaim: boolean): StoredPayment | undefined => {
      const row = rows.find(({ is_claim }) => is_claim === isClaim);
      return row && storedPayment(row);
    };
    return { moved: BigInt(rows[0]?.moved ?? 0), claimed: found(true), open: found(false) };
  }

  findOpen(openKey: string, repeatMs: number, accountId?: string): Promise<StoredPayment | undefined> {
    return this.one(FIND_OPEN.with({ openKey, repeatMs, accountId: accountId ?? null }));
  }

  async delivered(id: string): Promise<void> {
    await this.pool.query({
      name: 'note_delivery',
      text: `UPDATE x402_payments p
             SET delivered_at = coalesce(delivered_at, now()),
                 open_key = CASE WHEN concluded_at IS NULL THEN open_key END
             WHERE id = $1 AND state NOT IN ('claimed', 'due') AND NOT (${UNTOLD})`,
      values: [id],
    });
  }

  startMoving(id: string, amount: bigint): Promise<StoredPayment | undefined> {
    return this.one({
      name: 'start_moving_payment',
      text: `UPDATE x402_payments p SET state = 'due', amount = $2, next_attempt_at = now() + interval '30 seconds'
             WHERE id = $1 AND state IN ('claimed', 'due') AND EXISTS (SELECT FROM holds h WHERE h.id = p.hold_id)
             RETURNING *, ${IS_UNTRIED}`,
      values: [id, amount],
    });
  }

  conclude(holdId: string): Promise<StoredPayment | undefined> {
    return whileLocked((lockWait) => this.one(CONCLUDE.with({ holdId, lockWait })));
  }

  complete(
    id: string,
    movement: Exclude<Movement, { outcome: 'unknown' }>,
    words: CompletionWords,
  ): Promise<CompletedPayment> {
    return whileLocked((lockWait) =>
      movement.outcome === 'moved'
        ? completePayment(this.pool, id, movement, words, { lockWait, content: this.content })
        : inTransaction(this.pool, (client) =>
            completePayment(client, id, movement, words, { lockWait, content: this.content }),
          ),
    );
  }

  unconcluded(limit: number): Promise<readonly StoredPayment[]> {
    return this.all({
      name: 'unconcluded_payments',
      text: `SELECT p.* FROM x402_payments p
             WHERE p.concluded_at IS NULL AND p.state <> 'due'
               AND NOT EXISTS (SELECT FROM holds h WHERE h.id = p.hold_id)
               AND NOT EXISTS (SELECT FROM receipts r WHERE r.hold_id = p.hold_id
                               AND r.settled_at > now() - interval '${INLINE_SECONDS} seconds')
             ORDER BY p.claimed_at LIMIT $1`,
      values: [limit],
    });
  }

  async startNeglected(): Promise<void> {
    await this.pool.query({
      name: 'start_neglected_payments',
      text: `UPDATE x402_payments p SET state = 'due', amount = authorised, next_attempt_at = now()
             FROM videos v
             WHERE v.hold_id = p.hold_id AND v.upstream_id IS NOT NULL AND p.state = 'claimed'
               AND p.concluded_at IS NULL AND p.claimed_at < now() - interval '${NEGLECTED_SECONDS} seconds'`,
    });
  }

  takeDue(limit: number, leaseMs: number): Promise<readonly StoredPayment[]> {
    return this.all({
      name: 'take_due_payments',
      text: `WITH due AS (
               SELECT id FROM x402_payments WHERE next_attempt_at <= now()
               ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
             UPDATE x402_payments p
             SET next_attempt_at = now() + make_interval(secs => $2::float8 / 1000), attempts = p.attempts + 1
             FROM due d WHERE p.id = d.id RETURNING p.*, ${IS_FREE}, ${IS_UNTRIED}`,
      values: [limit, leaseMs],
    });
  }

  private async one(query: QueryConfig): Promise<StoredPayment | undefined> {
    return (await this.all(query))[0];
  }

  private async all(query: QueryConfig): Promise<readonly StoredPayment[]> {
    const { rows } = await this.pool.query<PaymentRow>(query);
    return rows.map(storedPayment);
  }
}
