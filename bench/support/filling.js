// @ts-check
/** A database as it is after a month of paid calls, by plain SQL: what the gateway writes, without the calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export const ACCOUNTS = 50;
const KEYS_OF_ACCOUNT = 4;
const DAYS = 30;
/** One transaction does not become larger than this. */
const CHUNK = 100_000;

/** @typedef {{ receipts: number, responses: number }} Size */

/**
 * Of call n: its key, account, model, time and use. Calls come evenly over the days, the last one now; every fifth is stored.
 * @param {string} from an expression @param {string} to another one
 */
const CALLS = (from, to) => `
  SELECT n, 'acct' || n % ${ACCOUNTS} AS account, 'key_' || n % ${ACCOUNTS} || '_' || (n / ${ACCOUNTS}) % ${KEYS_OF_ACCOUNT} AS key,
    (ARRAY['alpha/large', 'alpha/small', 'beta/fast', 'beta/deep', 'gamma/one'])[1 + (n / 7) % 5] AS model,
    (ARRAY['alpha', 'alpha', 'beta', 'beta', 'gamma'])[1 + (n / 7) % 5] AS provider,
    now() - ($1::bigint - n) * (interval '${DAYS} days' / $1) AS at,
    200 + n % 3000 AS input, n % 500 AS cached, 20 + n % 800 AS output,
    lpad(to_hex(n), 12, '0') || left(md5(n::text), 20) AS hex,
    'hold_' || lpad(to_hex(n), 12, '0') || left(md5(n::text), 20) AS hold
  FROM generate_series(${from}::bigint, ${to}::bigint) AS n`;

const KEYS = `
  INSERT INTO api_keys (id, account_id, name, key_hash, budget_limit, budget_spent, last_used_at)
  SELECT 'key_' || a || '_' || k, 'acct' || a, 'key ' || k, sha256(('key_' || a || '_' || k)::bytea), 1000000000000, 0, now()
  FROM generate_series(0, ${ACCOUNTS - 1}) AS a, generate_series(0, ${KEYS_OF_ACCOUNT - 1}) AS k`;

const ACCOUNT_ROWS = `INSERT INTO accounts (id) SELECT 'acct' || a FROM generate_series(0, ${ACCOUNTS - 1}) AS a`;

const PAID = `
  WITH paid AS (
    INSERT INTO receipts (id, hold_id, key_id, account_id, request_id, response_id, network, meter_subject,
      provider_amount, platform_fee, final_amount, line_items, lines, estimated, proof, settled_at)
    SELECT 'rct_' || hex, hold, key, account, 'req_' || hex,
      CASE WHEN n % 5 = 0 THEN 'resp_' ELSE 'chatcmpl-' END || hex, 'eip155:43113', provider || ':' || model,
      input * 2 + cached + output * 8, (input * 2 + cached + output * 8) / 100,
      input * 2 + cached + output * 8 + (input * 2 + cached + output * 8) / 100, '[]',
      format('[["input_tokens","usd_per_1m_tokens",%s,"2","%s"],["cached_input_tokens","usd_per_1m_tokens",%s,"1","%s",'
          || 'null,"%s"],["output_tokens","usd_per_1m_tokens",%s,"8","%s"]]',
        input, input * 2, cached, cached, cached, output, output * 8)::json,
      n % 50 = 0, decode(repeat(hex, 6), 'hex'), at
    FROM (${CALLS('$2', '$3')}) AS c RETURNING *)
  INSERT INTO charge_entries (receipt_id, account_id, key_id, provider, paid, provider_amount, platform_fee, difference, created_at)
  SELECT id, account_id, key_id, split_part(meter_subject, ':', 1), final_amount, provider_amount, platform_fee, 0, settled_at
  FROM paid`;

/** Chains of four. One in a hundred failed. */
const STORED = `
  WITH stored AS (
    INSERT INTO responses (id, account_id, status, model, previous_response_id, background, streamed, hold_id, key_id,
      request_id, process_id, chat, chat_metadata, envelope, stored_bytes, created_at, finished_at, last_used_at)
    SELECT 'resp_' || hex, account, CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END, model,
      CASE WHEN n / ($4::bigint * ${ACCOUNTS}) % 4 > 0 THEN 'resp_' || lpad(to_hex(n - $4 * ${ACCOUNTS}), 12, '0') || left(md5((n - $4 * ${ACCOUNTS})::text), 20) END, false, false, hold, key,
      'req_' || hex, 'proc_1', CASE WHEN n % 1000 = 5 THEN json_build_object('id', hex) END, '{}',
      json_build_object('id', 'resp_' || hex, 'object', 'response', 'model', model,
        'usage', json_build_object('input_tokens', input)),
      1500, at, at + interval '1 second', at + interval '1 second'
    FROM (${CALLS('$2', '$3')}) AS c WHERE n % $4 = 0 RETURNING *)
  INSERT INTO response_items (response_id, direction, position, account_id, item_id, item)
  SELECT s.id, d, 0, s.account_id, 'msg_' || substr(s.id, 6) || d,
    json_build_object('type', 'message', 'content', repeat(s.id, 8))
  FROM stored s, generate_series(0, 1) AS d`;

const SPENT = `
  UPDATE api_keys k SET budget_spent = s.spent FROM (SELECT key_id, sum(final_amount) AS spent FROM receipts GROUP BY key_id) AS s
  WHERE s.key_id = k.id`;

/**
 * Indexes that belong to no constraint: they are built faster when all rows are there. Partial ones stay, since the gateway
 * beside it asks by them all the time.
 * @param {pg.Client} client
 */
async function takeIndexes(client) {
  const { rows } = await client.query(`
    SELECT format('%I', x.relname) AS name, pg_get_indexdef(x.oid) AS definition
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indpred IS NULL AND i.indrelid = ANY ('{receipts, responses, response_items}'::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = x.oid)`);
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => /** @type {string} */ (definition));
}

/**
 * @param {pg.Client} client
 * @param {Size} size rows of receipts, each with its entries, and of stored responses, each with two items
 */
export async function fill(client, { receipts, responses }) {
  const every = Math.max(1, Math.round(receipts / responses));
  await client.query(`SET synchronous_commit = off; SET maintenance_work_mem = '512MB'`);
  const indexes = await takeIndexes(client);
  await client.query(ACCOUNT_ROWS);
  await client.query(KEYS);
  for (let first = 1; first <= receipts; first += CHUNK) {
    const last = Math.min(receipts, first + CHUNK - 1);
    await client.query(PAID, [receipts, first, last]);
    await client.query(STORED, [receipts, first, last, every]);
  }
  for (const definition of indexes) await client.query(definition);
  await client.query(SPENT);
  await client.query('VACUUM (ANALYZE)');
}

const ROUND_OF_SUMS = 10_000;
const PAUSE_MS = 200;

/** As the gateway sums usage up, round by round. @param {pg.Client} client */
export async function sumUp(client) {
  // The gateway may have begun with what was there then, and these receipts come as no call's do.
  await client.query(
    `BEGIN; UPDATE usage_progress SET summed_until = '-infinity'; TRUNCATE usage_days, usage_awaited; COMMIT`,
  );
  const { until } = (await client.query('SELECT max(settled_at) AS until FROM receipts')).rows[0];
  // The gateway sums up as well; while it does, there is nothing left for others.
  for (let isSummed = false; !isSummed;) {
    const { more } = (await client.query('SELECT sum_up_usage($1) AS more', [ROUND_OF_SUMS])).rows[0];
    if (!more) await sleep(PAUSE_MS);
    const progress = `SELECT summed_until > least($1, now() - interval '30 seconds') AS done FROM usage_progress`;
    isSummed = (await client.query(progress, [until])).rows[0].done;
  }
  await client.query('VACUUM (ANALYZE) usage_days');
}

/** @param {string} url of a database @param {(client: pg.Client) => Promise<void>} work */
export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
