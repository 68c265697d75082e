import { Injectable } from '@nestjs/common';
import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import {
  ProcessLeases,
  type AbandonedCall,
  type CallProgress,
  type HeldCall,
} from '../payments/process-leases.js';
import { wholeTokens } from '../base/money/usage.js';
import type { WorkTerms } from '../base/money/price.js';
import { CAN_RUN_AGAIN } from './records/can-run-again.js';
import { Database } from './database.js';

interface AbandonedRow {
  readonly id: string;
  readonly key_id: string;
  readonly account_id: string;
  readonly request_id: string;
  readonly response_id: string | null;
  readonly idempotency_key: string | null;
  readonly amount: string;
  readonly sent: boolean;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly terms: WorkTerms;
  readonly chain_id: number | null;
  readonly transaction_hash: string | null;
}

/** One at least, without a hold where there is none. */
type RenewalRow = { readonly now_ms: number } & (
  { readonly hold_id: string; readonly key_id: string } | { readonly hold_id: null; readonly key_id: null }
);

@Injectable()
export class PostgresProcessLeases extends ProcessLeases {
  /** A condition on a hold `h`: another process may run its response. */
  protected readonly runsAgain: string = `EXISTS (SELECT FROM responses r WHERE r.hold_id = h.id AND ${CAN_RUN_AGAIN})`;

  constructor(protected readonly database: Database) {
    super();
  }

  async renew(
    processId: string,
    leaseMs: number,
    running: readonly CallProgress[],
  ): Promise<readonly HeldCall[]> {
    const statement = {
      name: 'renew_lease',
      text: `SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms, r.hold_id, r.key_id
             FROM (SELECT) AS once LEFT JOIN renew_lease($1, $2, $3, $4, $5, $6) AS r ON true`,
      values: [
        processId,
        leaseMs,
        running.map(({ holdId }) => holdId),
        running.map(({ sent }) => sent),
        // One figure that does not fit its column would end the lease of all calls.
        running.map(({ inputTokens }) => wholeTokens(inputTokens)),
        running.map(({ outputTokens }) => wholeTokens(outputTokens)),
      ],
    };
    const askedAtMs = Date.now();
    const { rows } = await this.askInTime<RenewalRow>(leaseMs, statement);
    if (rows[0]) this.database.clock.compare(rows[0].now_ms, askedAtMs);
    return rows.flatMap(({ hold_id, key_id }) =>
      hold_id === null ? [] : [{ holdId: hold_id, keyId: key_id }],
    );
  }

  async handOver(processId: string, leaseMs: number, holdIds: readonly string[]): Promise<void> {
    const text = `UPDATE holds SET process_id = '' WHERE id = ANY ($2) AND process_id = $1`;
    await this.askInTime(leaseMs, { text, values: [processId, holdIds] });
  }

  async abandoned(limit: number, after = ''): Promise<readonly AbandonedCall[]> {
    const { rows } = await this.database.pool.query<AbandonedRow>(
      `SELECT h.id, h.key_id, h.account_id, h.request_id, h.response_id, h.idempotency_key, h.amount, h.sent,
              h.input_tokens, h.output_tokens, h.terms, k.chain_id, p.transaction_hash
       FROM holds h JOIN api_keys k ON k.id = h.key_id LEFT JOIN x402_payments p ON p.hold_id = h.id
       WHERE h.id > $2 AND h.process_id IS NOT NULL AND NOT EXISTS (
         SELECT FROM gateway_processes p WHERE p.id = h.process_id AND p.lease_expires_at > now())
         AND NOT ${this.runsAgain}
       ORDER BY h.id LIMIT $1`,
      [limit, after],
    );
    return rows.map((row) => ({
      holdId: row.id,
      keyId: row.key_id,
      accountId: row.account_id,
      requestId: row.request_id,
      responseId: row.response_id ?? undefined,
      idempotencyKey: row.idempotency_key ?? undefined,
      amount: BigInt(row.amount),
      sent: row.sent,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      terms: row.terms,
      keyChainId: row.chain_id,
      transactionHash: row.transaction_hash ?? undefined,
    }));
  }

  async forgetDead(): Promise<void> {
    await this.database.pool.query(
      `DELETE FROM gateway_processes p
       WHERE p.lease_expires_at < now() AND NOT EXISTS (SELECT FROM holds h WHERE h.process_id = p.id)`,
    );
  }

  async end(processId: string): Promise<void> {
    await this.database.pool.query('DELETE FROM gateway_processes WHERE id = $1', [processId]);
  }

  /** An unresponsive connection is given up early enough to try another one within the lease. */
  private askInTime<Row extends QueryResultRow>(
    leaseMs: number,
    statement: QueryConfig,
  ): Promise<QueryResult<Row>> {
    const timed = { ...statement, query_timeout: leaseMs / 6 };
    return this.database.leasePool.query<Row>(timed);
  }
}
