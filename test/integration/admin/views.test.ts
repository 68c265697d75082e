import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { TestGateway } from '../../support/gateway.js';

/** Says in every place that holds content, or a secret, what no view may show. */
const CONTENT = 'NIGHTINGALE';

let gateway: TestGateway;
let keys: readonly string[];

beforeAll(async () => {
  gateway = await TestGateway.start();
  const { key } = await gateway.createKey({ account: 'acme' });
  keys = [key];
  const call = async (path: string, body: object): Promise<{ id: string }> => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': randomUUID(), 'session-id': 'session' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    expect({ path, text, status: response.status }).toMatchObject({ status: 200 });
    return JSON.parse(text) as { id: string };
  };
  const told = { model: 'sandbox/echo', metadata: { note: CONTENT }, user: CONTENT };
  const conversation = await call('/v1/conversations', {
    metadata: { note: CONTENT },
    items: [{ role: 'user', content: CONTENT }],
  });
  const first = await call('/v1/responses', { ...told, input: CONTENT, instructions: CONTENT });
  await call('/v1/responses', { ...told, input: CONTENT, previous_response_id: first.id });
  await call('/v1/responses', { ...told, input: CONTENT, conversation: conversation.id });
  await call('/v1/responses', {
    ...told,
    input: CONTENT,
    background: true,
    model: 'sandbox/echo:ttft=20000',
  });
  const messages = [{ role: 'user', content: CONTENT }];
  await call('/v1/chat/completions', { ...told, messages, store: true });
  await call('/v1/videos', { model: 'sandbox/video', prompt: CONTENT });
  await gateway.pool.query(
    `INSERT INTO overruns (id, hold_id, key_id, account_id, request_id, amount, reason)
     SELECT 'ovr_' || hold_id, hold_id, key_id, account_id, request_id, 0, 'above_budget' FROM receipts`,
  );
  await gateway.pool.query(
    `INSERT INTO x402_payments (id, key_id, account_id, chain_id, scheme, method, payer, contract, nonce, asset, pay_to,
       authorised, valid_until, payload, requirements, hold_id, request_id, once_key, fingerprint, state, amount,
       transaction_hash, settled_at, refund_due)
     SELECT 'pay_1', 'wal_1', 'eip155:0x1', 1, 'exact', 'eip3009', '0x1', '0x2', 3, '0x2', '0x4', 5, now(), $1, $1, 'hold_1',
       'req_1', 'once', '', 'settled', 5, '0x6', now(), 5`,
    [JSON.stringify({ signature: CONTENT })],
  );
});
afterAll(() => gateway.close());

async function readonly<Result>(use: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await gateway.pool.connect();
  try {
    await client.query('SET ROLE gateway_readonly');
    return await use(client);
  } finally {
    await client.query('RESET ROLE');
    client.release();
  }
}

async function names(sql: string): Promise<readonly string[]> {
  return (await gateway.pool.query<{ name: string }>(sql)).rows.map(({ name }) => name);
}

const views = () => names(`SELECT viewname AS name FROM pg_views WHERE schemaname = 'admin' ORDER BY 1`);

describe('the admin views', () => {
  it('are these', async () => {
    expect(await views()).toEqual([
      'accounts',
      'conversations',
      'idempotency_records',
      'keys',
      'open_holds',
      'overruns',
      'receipts',
      'refunds_due',
      'response_chains',
      'responses',
      'sessions',
      'usage_daily',
      'video_jobs',
      'x402_payments',
    ]);
  });

  it('are documented, each one and each of its columns', async () => {
    const silent = await names(
      `SELECT c.relname || coalesce('.' || a.attname, '') AS name FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
       WHERE c.relnamespace = 'admin'::regnamespace
         AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)`,
    );
    expect(silent).toEqual([]);
  });

  it('show neither content nor keys nor their hashes, although there are some of everything', async () => {
    const everything = await readonly(async (client) => {
      const rows: string[] = [];
      for (const view of await views()) {
        const shown = await client.query<{ row: string }>(
          `SELECT row_to_json(v)::text AS row FROM admin.${view} v`,
        );
        expect({ view, rows: shown.rowCount }).not.toEqual({ view, rows: 0 });
        rows.push(...shown.rows.map(({ row }) => row));
      }
      return rows.join('\n');
    });
    const stored = await gateway.pool.query(
      `SELECT 1 FROM response_items WHERE item::text LIKE '%${CONTENT}%'
       UNION ALL SELECT 1 FROM responses WHERE chat::text LIKE '%${CONTENT}%'`,
    );
    expect(stored.rowCount).toBeGreaterThan(5);
    expect(everything).not.toContain(CONTENT);
    for (const key of keys) {
      const hash = createHash('sha256').update(key).digest();
      for (const secret of [key, hash.toString('hex'), hash.toString('base64')])
        expect(everything).not.toContain(secret);
    }
  });

  it('have no column that could hold content', async () => {
    const columns = await names(
      `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
       WHERE table_schema = 'admin' AND data_type IN ('json', 'jsonb', 'bytea')`,
    );
    expect(columns).toEqual([]);
  });
});

describe('the role gateway_readonly', () => {
  it('may read no table', async () => {
    const tables = await names(
      `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    );
    expect(tables.length).toBeGreaterThan(10);
    await readonly(async (client) => {
      for (const table of tables) {
        const refusal = client.query(`SELECT 1 FROM public.${table} LIMIT 1`);
        await expect(refusal).rejects.toThrow(/permission denied/);
      }
    });
  });

  it('may change nothing, through views and functions neither', async () => {
    await readonly(async (client) => {
      for (const statement of [
        'UPDATE admin.keys SET budget_limit = NULL',
        'DELETE FROM admin.overruns',
        `INSERT INTO admin.overruns (overrun_id) VALUES ('x')`,
        `SELECT release_holds(ARRAY['x'], ARRAY['y'])`,
        'CREATE TABLE public.mine (id int)',
        'CREATE TABLE admin.mine (id int)',
      ])
        await expect(client.query(statement)).rejects.toThrow(/permission denied/);
    });
  });

  it('may read views that later migrations add', async () => {
    await gateway.pool.query('CREATE VIEW admin.later AS SELECT 1 AS one');
    try {
      expect((await readonly((client) => client.query('SELECT one FROM admin.later'))).rows).toEqual([
        { one: 1 },
      ]);
    } finally {
      await gateway.pool.query('DROP VIEW admin.later');
    }
  });
});

describe('admin.responses', () => {
  it('knows the key and the request of a call that was never charged', async () => {
    const { rows } = await gateway.pool.query(
      `SELECT DISTINCT k.name, r.request_id LIKE 'req_%' AS traced, r.account FROM admin.responses r
       JOIN admin.keys k USING (key_id) WHERE r.status IN ('queued', 'in_progress')`,
    );
    expect(rows).toEqual([{ name: null, traced: true, account: 'acme' }]);
  });
});

describe('admin.keys', () => {
  it('shows what is left, which is null without a limit', async () => {
    await gateway.createKey({ account: 'limited', budget_limit: '500' });
    const { rows } = await gateway.pool.query(
      `SELECT account, budget_limit, budget_remaining FROM admin.keys ORDER BY account`,
    );
    expect(rows).toEqual([
      { account: 'acme', budget_limit: null, budget_remaining: null },
      { account: 'limited', budget_limit: '500', budget_remaining: '500' },
    ]);
  });
});
