import { Injectable } from '@nestjs/common';
import type { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { SharedFrames } from '../../payments/once/answer-frames.js';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';
import type { Database } from '../database.js';
import { PostgresAnswerFrames } from '../once/postgres-answer-frames.js';
import { PostgresIdempotencyStore } from '../once/postgres-idempotency-store.js';
import { KnownAccounts } from './known-accounts.js';

/** Records of requests that run once, on the shards of their accounts. */
@Injectable()
export class ShardedIdempotencyStore extends PostgresIdempotencyStore {
  override async keep(responseId: string, { kind, status, headers, content }: KeptAnswer): Promise<void> {
    await this.pool.query('SELECT sharded.keep_answer_of_job($1, $2, $3, $4, $5)', [
      responseId,
      kind,
      status,
      JSON.stringify(headers),
      content,
    ]);
  }

  override async purge(limit: number): Promise<number> {
    const { rows } = await this.pool.query<{ purged: number }>('SELECT sharded.purge_once($1) AS purged', [
      limit,
    ]);
    return rows[0]?.purged ?? 0;
  }
}

/** Frames live for seconds, on the coordinator, where every process finds them. */
@Injectable()
export class ShardedAnswerFrames extends PostgresAnswerFrames {
  private readonly owners: KnownAccounts;

  constructor(database: Database, identity: ProcessIdentity) {
    super(database, identity);
    this.owners = new KnownAccounts(database.pool, 'idempotency_records.response_id');
  }

  override async append(responseId: string, { start, frames, headers }: SharedFrames): Promise<void> {
    const owner = await this.owners.of(responseId);
    if (owner === undefined) return;
    const { rows } = await this.pool.query(
      'SELECT FROM idempotency_records WHERE account_id = $1 AND response_id = $2 AND finished_at IS NULL',
      [owner, responseId],
    );
    if (rows.length === 0) return;
    await this.pool.query(
      `INSERT INTO answer_frames (response_id, account_id, start_character, end_character, frames, headers)
       VALUES ($1, $2, $3, $4, $5, $6::json) ON CONFLICT DO NOTHING`,
      [responseId, owner, start, start + frames.length, frames, JSON.stringify(headers)],
    );
  }

  override async purge(): Promise<void> {
    await this.pool.query('DELETE FROM answer_watches WHERE expires_at <= now()');
    await this.pool.query('SELECT sharded.purge_frames()');
  }
}
