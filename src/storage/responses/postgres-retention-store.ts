import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { RetentionStore } from '../../responses/retention-store.js';
import { Database } from '../database.js';

@Injectable()
export class PostgresRetentionStore extends RetentionStore {
  protected readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  /** Purges a chain from its youngest end, which no other response continues. */
  purgeResponses(before: Date, limit: number): Promise<number> {
    return this.count(
      `WITH old AS (
         SELECT r.id FROM responses r
         WHERE r.last_used_at < $1 AND r.finished_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM responses c WHERE c.previous_response_id = r.id)
         ORDER BY r.last_used_at LIMIT $2 FOR UPDATE SKIP LOCKED),
       items AS (DELETE FROM response_items i USING old o WHERE i.response_id = o.id),
       events AS (DELETE FROM response_events v USING old o WHERE v.response_id = o.id)
       DELETE FROM responses r USING old o WHERE r.id = o.id`,
      [before, limit],
    );
  }

  purgeConversations(before: Date, limit: number): Promise<number> {
    return this.count(
      `WITH old AS (
         SELECT c.id FROM conversations c
         WHERE c.created_at < $1 AND c.last_used_at < $1
           AND NOT EXISTS (SELECT FROM responses r WHERE r.conversation_id = c.id AND r.finished_at IS NULL)
         ORDER BY c.created_at LIMIT $2 FOR UPDATE SKIP LOCKED),
       items AS (DELETE FROM conversation_items i USING old o WHERE i.conversation_id = o.id)
       DELETE FROM conversations c USING old o WHERE c.id = o.id`,
      [before, limit],
    );
  }

  /** Whole logs only: half of one would be a gap. Each round looks at the oldest entries, not at all that are old. */
  purgeLogs(before: Date, limit: number): Promise<number> {
    return this.count(
      `WITH old AS (
         SELECT DISTINCT e.response_id FROM (
           SELECT v.response_id FROM response_events v
           WHERE v.created_at < $1 AND NOT EXISTS (
             SELECT FROM responses r WHERE r.id = v.response_id AND (r.finished_at IS NULL OR r.finished_at >= $1))
           ORDER BY v.created_at LIMIT $2 * 10) AS e
         LIMIT $2)
       DELETE FROM response_events v USING old o WHERE v.response_id = o.response_id`,
      [before, limit],
    );
  }

  private async count(text: string, values: readonly unknown[]): Promise<number> {
    return (await this.pool.query(text, [...values])).rowCount ?? 0;
  }
}
