import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import { AnswerFrames, type SharedFrames } from '../../payments/once/answer-frames.js';
import { Database } from '../database.js';

/** Parts that one look reads. */
const READ_PARTS = 500;

@Injectable()
export class PostgresAnswerFrames extends AnswerFrames {
  protected readonly pool: Pool;

  constructor(
    { pool }: Database,
    private readonly identity: ProcessIdentity,
  ) {
    super();
    this.pool = pool;
  }

  async watch(responseId: string, ms: number): Promise<void> {
    await this.pool.query(
      `INSERT INTO answer_watches (response_id, process_id, expires_at)
       VALUES ($1, $2, now() + make_interval(secs => $3 / 1000.0))
       ON CONFLICT (response_id, process_id) DO UPDATE SET expires_at = excluded.expires_at`,
      [responseId, this.identity.id, ms],
    );
  }

  async unwatch(responseId: string): Promise<void> {
    await this.pool.query('DELETE FROM answer_watches WHERE response_id = $1 AND process_id = $2', [
      responseId,
      this.identity.id,
    ]);
  }

  async watched(responseIds: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ response_id: string }>({
      name: 'watched_answers',
      text: `SELECT DISTINCT w.response_id FROM answer_watches w
             WHERE w.response_id = ANY ($1::text[]) AND w.expires_at > now()`,
      values: [responseIds],
    });
    return rows.map((row) => row.response_id);
  }

  async append(responseId: string, { start, frames, headers }: SharedFrames): Promise<void> {
    await this.pool.query({
      name: 'append_answer_frames',
      text: `INSERT INTO answer_frames (response_id, account_id, start_character, end_character, frames, headers)
             SELECT i.response_id, i.account_id, $2, $3, $4, $5::json
             FROM idempotency_records i WHERE i.response_id = $1 AND i.finished_at IS NULL
             ON CONFLICT DO NOTHING`,
      values: [responseId, start, start + frames.length, frames, JSON.stringify(headers)],
    });
  }

  async after(accountId: string, responseId: string, length: number): Promise<readonly SharedFrames[]> {
    const { rows } = await this.pool.query<SharedFrames>({
      name: 'answer_frames_after',
      text: `SELECT start_character AS start, frames, headers FROM answer_frames
             WHERE response_id = $2 AND account_id = $1 AND end_character > $3
             ORDER BY end_character LIMIT ${READ_PARTS}`,
      values: [accountId, responseId, length],
    });
    return rows;
  }

  async remove(responseId: string): Promise<void> {
    await this.pool.query('DELETE FROM answer_frames WHERE response_id = $1', [responseId]);
  }

  async purge(): Promise<void> {
    await this.pool.query('DELETE FROM answer_watches WHERE expires_at <= now()');
    await this.pool.query(
      `DELETE FROM answer_frames f WHERE NOT EXISTS (
         SELECT FROM idempotency_records i WHERE i.response_id = f.response_id AND i.finished_at IS NULL)`,
    );
  }
}
