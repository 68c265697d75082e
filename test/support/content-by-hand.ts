import type { Pool } from 'pg';
import { ON_SHARDS } from './test-database.js';

/** Responses of a sharded database that do not count what they and their items store, as `stored_size` has it elsewhere. */
export const MISCOUNTED_ON_SHARDS = `
  SELECT r.account_id, r.id, r.stored_bytes, s.counted FROM responses r JOIN (
    SELECT o.account_id, o.id, 256 + coalesce(i.bytes, 0) + CASE WHEN o.finished_at IS NULL THEN 0
      ELSE coalesce(octet_length(o.envelope::text), 0) + coalesce(octet_length(o.chat::text), 0) END AS counted
    FROM responses o LEFT JOIN (
      SELECT account_id, response_id, sum(256 + octet_length(item::text)) AS bytes FROM response_items
      GROUP BY account_id, response_id) AS i ON i.account_id = o.account_id AND i.response_id = o.id) AS s
  ON s.account_id = r.account_id AND s.id = r.id WHERE r.stored_bytes <> s.counted`;

/** Has responses that a test wrote say what they store, as those that calls write do. */
export async function countStored(pool: Pool): Promise<void> {
  if (!ON_SHARDS) {
    await pool.query('UPDATE responses r SET stored_bytes = stored_size(r)');
    return;
  }
  const { rows } = await pool.query<{
    account_id: string;
    id: string;
    stored_bytes: string;
    counted: string;
  }>(MISCOUNTED_ON_SHARDS);
  for (const { account_id: account, id, stored_bytes: stated, counted } of rows) {
    await pool.query('UPDATE responses SET stored_bytes = $3 WHERE account_id = $1 AND id = $2', [
      account,
      id,
      counted,
    ]);
    await note(pool, account, Number(counted) - Number(stated));
  }
}

/** Has a request for a job that runs once be one whose answer is not known yet. */
export async function forgetAnswerOfJob(pool: Pool, responseId: string): Promise<void> {
  const { rows } = await pool.query<{ account_id: string; bytes: number }>(
    'SELECT account_id, octet_length(content) AS bytes FROM idempotency_records WHERE response_id = $1',
    [responseId],
  );
  await pool.query(`UPDATE idempotency_records SET kind = 'job', content = '' WHERE response_id = $1`, [
    responseId,
  ]);
  for (const { account_id: account, bytes } of rows) if (ON_SHARDS) await note(pool, account, -bytes);
}

/** Counts the items of a conversation, all of which a test wrote. */
export async function countItems(pool: Pool, conversation: string): Promise<void> {
  if (!ON_SHARDS) return;
  const { rows } = await pool.query<{ account_id: string; bytes: string }>(
    `SELECT account_id, sum(256 + octet_length(item::text)) AS bytes FROM conversation_items
     WHERE conversation_id = $1 GROUP BY account_id`,
    [conversation],
  );
  for (const { account_id: account, bytes } of rows) await note(pool, account, Number(bytes));
}

/** On shards no trigger does. */
async function note(pool: Pool, account: string, bytes: number): Promise<void> {
  await pool.query('INSERT INTO stored_changes (account_id, bytes) VALUES ($1, $2)', [account, bytes]);
}
