import { Client } from 'pg';
import type { TestDatabase } from '../../support/test-database.js';

interface Filling {
  readonly fill: (
    client: Client,
    size: { readonly receipts: number; readonly responses: number },
  ) => Promise<void>;
  readonly sumUp: (client: Client) => Promise<void>;
}

/** Tables that grow with calls. */
export const FILLED = [
  'receipts',
  'charge_entries',
  'ledger_entries',
  'responses',
  'response_items',
  'response_events',
  'conversations',
  'conversation_items',
  'idempotency_records',
  'videos',
] as const;

const MORE: readonly string[] = [
  `INSERT INTO ledger_entries (transaction_id, ledger_account, amount)
   SELECT 'rct_old' || n, a, 0 FROM generate_series(1, $1::int) AS n, unnest(ARRAY['platform:fee', 'provider:x']) AS a`,
  `INSERT INTO response_events (response_id, account_id, sequence_number, type, event, created_at)
   SELECT 'resp_log' || n / 5, 'acct1', n % 5, 'response.created', '{}', now() FROM generate_series(0, $1::int) AS n`,
  `INSERT INTO conversations (id, account_id, metadata, created_at)
   SELECT 'conv_' || n, 'acct' || n % 50, '{}', now() - n * interval '20 seconds' FROM generate_series(1, $1::int) AS n`,
  `INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
   SELECT 'conv_' || n, 0, 'acct' || n % 50, 'msg_conv_' || n, '{}' FROM generate_series(1, $1::int) AS n`,
  `INSERT INTO idempotency_records (account_id, key, fingerprint, hold_id, created_at, finished_at, kind, status, headers, content)
   SELECT 'acct' || n % 50, 'once_' || n, '', 'hold_once_' || n, now() - n * interval '1 second', now(), 'whole', 200, '{}', '{}'
   FROM generate_series(1, $1::int) AS n`,
  `INSERT INTO videos (id, account_id, key_id, hold_id, request_id, status, shape, model, request, terms, provider,
     upstream_model, upstream_id, process_id, created_at, finished_at)
   SELECT 'video_' || n, 'acct' || n % 50, 'key_0_0', 'hold_video_' || n, 'req_' || n, 'completed', 'generation', 'film',
     '{"prompt":"Sea"}', '{}', 'studio', 'film', 'up_' || n, 'proc_1', now() - n * interval '20 seconds', now()
   FROM generate_series(1, $1::int) AS n`,
];

/** The benchmark is JavaScript without declarations. */
const load = (name: string): Promise<unknown> => import(`../../../bench/support/${name}.js`);

/** So many rows in each, by what the benchmark of the lists fills its database with, and more. */
export async function fillTables({ url }: TestDatabase, rows: number): Promise<void> {
  const { fill, sumUp } = (await load('filling')) as Filling;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SET auto_explain.log_min_duration = -1');
    for (const statement of MORE) await client.query(statement, [rows]);
    await fill(client, { receipts: rows, responses: rows });
    await sumUp(client);
  } finally {
    await client.end();
  }
}
