import type { Pool } from 'pg';

/**
 * Writes a chain of completed turns, each with one question and one answer, as calls would have.
 *
 * @returns the id of the last turn
 */
export async function insertChain(
  pool: Pool,
  { account, turns, prefix = 'resp_chain' }: { account: string; turns: number; prefix?: string },
): Promise<string> {
  // Nothing is looked for among what other chains have stored: there may be many.
  const ids = Array.from({ length: turns }, (_none, index) => `${prefix}${index + 1}`);
  await pool.query(
    `INSERT INTO response_items (response_id, direction, position, account_id, item_id, item)
     SELECT $2 || n, direction, 0, $1, 'msg_' || $2 || n || '_' || direction,
            json_build_object('type', 'message', 'id', 'msg_' || $2 || n || '_' || direction, 'status', 'completed',
              'role', CASE direction WHEN 0 THEN 'user' ELSE 'assistant' END,
              'content', json_build_array(CASE direction
                WHEN 0 THEN json_build_object('type', 'input_text', 'text', 'question ' || n)
                ELSE json_build_object('type', 'output_text', 'text', 'answer ' || n,
                                       'annotations', '[]'::json, 'logprobs', '[]'::json) END))
     FROM generate_series(1, $3::int) AS n, generate_series(0, 1) AS direction`,
    [account, prefix, turns],
  );
  await pool.query(
    `INSERT INTO responses (id, account_id, status, model, previous_response_id, background, streamed, hold_id,
                            process_id, envelope, created_at, finished_at, stored_bytes)
     SELECT r.id, $1, 'completed', 'test-model', r.previous, false, false, 'hold_' || r.id, 'process', r.envelope,
            now(), now(), 256 + octet_length(r.envelope::text) + i.bytes
     FROM (SELECT $2 || n AS id, CASE WHEN n > 1 THEN $2 || (n - 1) END AS previous,
                  json_build_object('id', $2 || n, 'object', 'response', 'status', 'completed', 'created_at', n) AS envelope
           FROM generate_series(1, $3::int) AS n) AS r
     JOIN (SELECT response_id, sum(256 + octet_length(item::text)) AS bytes FROM response_items
           WHERE response_id = ANY ($4) GROUP BY response_id) AS i
     ON i.response_id = r.id`,
    [account, prefix, turns, ids],
  );
  await pool.query(
    `INSERT INTO stored_changes (account_id, bytes)
     SELECT account_id, sum(stored_bytes) FROM responses WHERE id = ANY ($1) GROUP BY account_id`,
    [ids],
  );
  return `${prefix}${turns}`;
}
