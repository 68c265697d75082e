import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { RecordEvent } from '../../payments/call-record.js';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { HoldGrant } from '../../payments/ledger.js';
import { BackgroundStore, type Adoptable } from '../../responses/background/background-store.js';
import { Database } from '../database.js';
import { CAN_RUN_AGAIN } from '../records/can-run-again.js';

export interface EventRow {
  readonly sequence_number: number;
  readonly type: string;
  readonly event: string;
}

export interface AdoptableRow {
  readonly id: string;
  readonly hold_id: string;
  readonly status: string;
  readonly request: Adoptable['pending'];
}

export interface AdoptedRow {
  readonly key_id: string;
  readonly account_id: string;
  readonly chain_id: number | null;
  readonly amount: string;
  readonly budget_limit: string | null;
  readonly budget_spent: string;
  readonly budget_held: string;
}

const NOBODY_RUNS = `NOT EXISTS (
  SELECT FROM gateway_processes p WHERE p.id = h.process_id AND p.lease_expires_at > now())`;

/** The process $2 has a lease. Without one, no live process would own what it took over, and a sweep would end it. */
const HAS_LEASE = `EXISTS (SELECT FROM gateway_processes p WHERE p.id = $2 AND p.lease_expires_at > now())`;

@Injectable()
export class PostgresBackgroundStore extends BackgroundStore {
  protected readonly pool: Pool;

  constructor(
    { pool }: Database,
    protected readonly identity: ProcessIdentity,
  ) {
    super();
    this.pool = pool;
  }

  async markStarted(responseId: string): Promise<void> {
    await this.pool.query({
      name: 'mark_started',
      text: `UPDATE responses SET status = 'in_progress', runs = 1 WHERE id = $1 AND status = 'queued'`,
      values: [responseId],
    });
  }

  async appendEvents(responseId: string, events: readonly RecordEvent[]): Promise<void> {
    await this.pool.query({
      name: 'append_events',
      text: `INSERT INTO response_events (response_id, account_id, sequence_number, type, event)
             SELECT r.id, r.account_id, v.sequence_number, v.type, v.event::json
             FROM responses r CROSS JOIN unnest($2::int[], $3::text[], $4::text[]) AS v (sequence_number, type, event)
             WHERE r.id = $1 AND r.process_id = $5 AND r.finished_at IS NULL AND r.deleted_at IS NULL
             ON CONFLICT DO NOTHING`,
      values: [
        responseId,
        events.map(({ sequenceNumber }) => sequenceNumber),
        events.map(({ type }) => type),
        events.map(({ json }) => json),
        this.identity.id,
      ],
    });
  }

  async eventsAfter(
    accountId: string,
    responseId: string,
    sequenceNumber: number,
    limit: number,
  ): Promise<readonly RecordEvent[]> {
    const { rows } = await this.pool.query<EventRow>({
      name: 'events_after',
      text: `SELECT v.sequence_number, v.type, v.event::text AS event
             FROM responses r JOIN response_events v ON v.response_id = r.id
             WHERE r.id = $1 AND r.account_id = $2 AND r.deleted_at IS NULL AND v.sequence_number > $3
             ORDER BY v.sequence_number LIMIT $4`,
      values: [responseId, accountId, sequenceNumber, limit],
    });
    return rows.map(eventOf);
  }

  async adoptable(limit: number): Promise<readonly Adoptable[]> {
    const { rows } = await this.pool.query<AdoptableRow>(
      `SELECT r.id, r.hold_id, r.status, r.request
       FROM responses r JOIN holds h ON h.id = r.hold_id
       WHERE ${CAN_RUN_AGAIN} AND ${NOBODY_RUNS} ORDER BY r.created_at LIMIT $1`,
      [limit],
    );
    return rows.map(adoptableOf);
  }

  async adopt({ holdId }: Adoptable, isRepeated: boolean): Promise<HoldGrant | undefined> {
    const { rows } = await this.pool.query<AdoptedRow>(
      `WITH before AS (
         SELECT h.id, h.process_id = $2 AND $3 AS is_own FROM holds h WHERE h.id = $1 FOR UPDATE),
       claimed AS (
         UPDATE holds h SET process_id = $2, sent = false, output_tokens = 0 FROM before b
         WHERE h.id = b.id AND (b.is_own OR ${NOBODY_RUNS}) AND ${HAS_LEASE}
         RETURNING h.id, h.key_id, h.account_id, h.amount, b.is_own),
       marked AS (
         UPDATE responses r SET process_id = $2, runs = r.runs + (NOT c.is_own)::int
         FROM claimed c WHERE r.hold_id = c.id AND r.finished_at IS NULL RETURNING r.hold_id)
       SELECT c.key_id, c.account_id, c.amount, k.chain_id, k.budget_limit, k.budget_spent, k.budget_held
       FROM claimed c JOIN marked m ON m.hold_id = c.id JOIN api_keys k ON k.id = c.key_id`,
      [holdId, this.identity.id, isRepeated],
    );
    const [row] = rows;
    return row && grantOf(row);
  }

  async giveUp(responseId: string): Promise<void> {
    await this.pool.query('UPDATE responses SET request = NULL WHERE id = $1 AND finished_at IS NULL', [
      responseId,
    ]);
  }
}

export function eventOf({ sequence_number, type, event }: EventRow): RecordEvent {
  return { sequenceNumber: sequence_number, type, json: event };
}

export function adoptableOf({ id, hold_id, status, request }: AdoptableRow): Adoptable {
  return { responseId: id, holdId: hold_id, wasStarted: status !== 'queued', pending: request };
}

export function grantOf(row: AdoptedRow): HoldGrant {
  return {
    keyId: row.key_id,
    accountId: row.account_id,
    chainId: row.chain_id,
    amount: BigInt(row.amount),
    budget: {
      limit: row.budget_limit === null ? null : BigInt(row.budget_limit),
      spent: BigInt(row.budget_spent),
      held: BigInt(row.budget_held),
    },
  };
}
