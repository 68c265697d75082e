import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import {
  IdempotencyStore,
  type IdempotencyRecord,
  type KeptAnswer,
} from '../../payments/once/idempotency-store.js';
import { Database } from '../database.js';

interface RecordRow {
  readonly fingerprint: Buffer;
  readonly response_id: string | null;
  readonly kind: KeptAnswer['kind'] | 'lost' | 'erased' | null;
  readonly status: number | null;
  readonly headers: KeptAnswer['headers'] | null;
  readonly content: string | null;
}

@Injectable()
export class PostgresIdempotencyStore extends IdempotencyStore {
  protected readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  async find(accountId: string, key: string): Promise<IdempotencyRecord | undefined> {
    const { rows } = await this.pool.query<RecordRow>({
      name: 'find_idempotency_record',
      text: `SELECT fingerprint, response_id, kind, status, headers, content FROM idempotency_records
             WHERE account_id = $1 AND key = $2 AND created_at > now() - interval '24 hours'`,
      values: [accountId, key],
    });
    const [row] = rows;
    return row && { fingerprint: row.fingerprint, responseId: row.response_id ?? '', answer: answerOf(row) };
  }

  async countReplay(accountId: string, key: string): Promise<void> {
    await this.pool.query(
      'UPDATE idempotency_records SET replays = replays + 1 WHERE account_id = $1 AND key = $2',
      [accountId, key],
    );
  }

  async keep(responseId: string, { kind, status, headers, content }: KeptAnswer): Promise<void> {
    await this.pool.query(
      `UPDATE idempotency_records SET kind = $2, status = $3, headers = $4::json, content = $5
       WHERE response_id = $1 AND kind = 'job'`,
      [responseId, kind, status, JSON.stringify(headers), content],
    );
  }

  async purge(limit: number): Promise<number> {
    const { rowCount } = await this.pool.query(
      `DELETE FROM idempotency_records i USING (
         SELECT account_id, key FROM idempotency_records
         WHERE created_at <= now() - interval '24 hours' ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS old
       WHERE i.account_id = old.account_id AND i.key = old.key`,
      [limit],
    );
    return rowCount ?? 0;
  }
}

function answerOf({ kind, status, headers, content }: RecordRow): IdempotencyRecord['answer'] {
  if (kind === null) return 'running';
  if (kind === 'lost' || kind === 'erased') return kind;
  return { kind, status: status ?? 200, headers: headers ?? {}, content: content ?? '' };
}
