import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordFilter, RecordPage, RecordPageRequest } from '../../../src/admin/record-store.js';
import { PostgresRecordStore } from '../../../src/storage/admin/postgres-record-store.js';
import { Database } from '../../../src/storage/database.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const RECEIPTS = 400;
const DAYS = 150;
const HOUR_MS = 3_600_000;
const now = Date.now();

let database: TestDatabase;
let storage: Database;
let store: PostgresRecordStore;

/** Days without receipts between them, half of them summed up, some not final when they were. */
beforeAll(async () => {
  database = await createTestDatabase();
  storage = new Database(database.url);
  store = new PostgresRecordStore(storage);
  await database.pool.query(
    `INSERT INTO receipts (id, hold_id, key_id, account_id, request_id, network, meter_subject, provider_amount,
       platform_fee, final_amount, line_items, lines, estimated, settlement_status, settled_at,
       session_id, agent_id)
     SELECT 'rct_' || n, 'hold_' || n, 'key_' || n % 5, 'acct_' || n % 3, 'req', 'eip155:1', 'up:m/' || n % 7 % 4, n, 0, n, '[]',
       '[["input_tokens","usd_per_1m_tokens",3,"1","3"]]', n % 9 = 0,
       CASE WHEN n % 11 = 0 THEN 'failed' WHEN n % 17 = 0 THEN 'pending' ELSE 'settled' END,
       date_trunc('milliseconds', to_timestamp($1::float8 / 1000)) - (n * n % ($3 * 24)) * interval '1 hour',
       CASE WHEN n % 2 = 0 THEN 'session_' || n % 8 END, CASE WHEN n % 3 = 0 THEN 'agent' END
     FROM generate_series(1, $2::int) AS n`,
    [now, RECEIPTS, DAYS],
  );
  await database.pool.query(`SELECT sum_up_usage(${RECEIPTS / 2})`);
  await database.pool.query(
    `UPDATE receipts SET settlement_status = 'settled' WHERE settlement_status = 'pending' AND key_id = 'key_1'`,
  );
  await database.pool.query('ANALYZE');
});
afterAll(async () => {
  await storage.close();
  await database.drop();
});

const time = fc.option(
  fc.integer({ min: -2, max: DAYS * 24 }).map((hours) => new Date(now - hours * HOUR_MS)),
  { nil: undefined },
);
const midnight = time.map((at) => at && new Date(at.getTime() - (at.getTime() % (24 * HOUR_MS))));
const one = (...values: readonly string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const filters: fc.Arbitrary<RecordFilter> = fc.record({
  account: one('acct_0', 'acct_2'),
  keyId: one('key_1'),
  model: one('m/1', 'm/3', 'm/none'),
  status: one('settled', 'failed', 'pending'),
  sessionId: one('session_0', 'session_2'),
  agentId: one('agent'),
  from: fc.oneof(time, midnight),
  before: fc.oneof(time, midnight),
});
const orders = fc.constantFrom<('asc' | 'desc')[]>('asc', 'desc');

const MATCHING = `($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR key_id = $2) AND ($3::text IS NULL OR model = $3)
  AND ($4::text IS NULL OR settlement_status = $4) AND ($5::timestamptz IS NULL OR settled_at >= $5)
  AND ($6::timestamptz IS NULL OR settled_at < $6)
  AND ($7::text IS NULL OR session_id = $7) AND ($8::text IS NULL OR agent_id = $8)`;

async function expected(sql: string, filter: RecordFilter): Promise<readonly unknown[]> {
  const { account, keyId, model, status, from, before, sessionId, agentId } = filter;
  const values = [account, keyId, model, status, from, before, sessionId, agentId];
  return (await database.pool.query<object>(sql, values)).rows;
}

async function allOf<Row extends { readonly id: string }>(
  page: (request: RecordPageRequest) => Promise<RecordPage<Row> | undefined>,
  request: Omit<RecordPageRequest, 'after'>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let after: string | undefined; ;) {
    const shown = await page({ ...request, after });
    if (shown === undefined) throw new Error(`nothing has the id ${after ?? ''}`);
    rows.push(...shown.rows);
    if (!shown.hasMore) return rows;
    after = shown.rows.at(-1)?.id;
  }
}

describe('pages', () => {
  it('of usage are the sum of the receipts that a filter matches', async () => {
    await fc.assert(
      fc.asyncProperty(filters, orders, fc.integer({ min: 1, max: 100 }), async (filter, order, limit) => {
        const shown = await allOf((request) => store.usage(request), { filter, order, limit });
        const rows = await expected(
          `SELECT (settled_at AT TIME ZONE 'UTC')::date::text AS day, account, key_id, model, settlement_status,
             count(*)::int AS calls, sum(input_tokens)::int AS input_tokens, sum(final_amount)::bigint AS final_amount
           FROM admin.receipts WHERE ${MATCHING} GROUP BY 1, 2, 3, 4, 5
           ORDER BY 1 ${order}, 2 ${order}, 3 ${order}, 5 ${order}, 4 ${order}`,
          filter,
        );
        const told = shown.map((row) => ({
          ...{ day: row.day, account: row.account, key_id: row.key_id, model: row.model },
          ...{ settlement_status: row.settlement_status, calls: row.calls },
          ...{ input_tokens: row.input_tokens, final_amount: row.final_amount },
        }));
        expect(told).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  it('of receipts are those that a filter matches', async () => {
    await fc.assert(
      fc.asyncProperty(filters, orders, fc.integer({ min: 5, max: 100 }), async (filter, order, limit) => {
        const shown = await allOf((request) => store.receipts(request), { filter, order, limit });
        const rows = await expected(
          `SELECT receipt_id AS id FROM admin.receipts WHERE ${MATCHING} ORDER BY settled_at ${order}, receipt_id ${order}`,
          filter,
        );
        expect(shown.map(({ id }) => ({ id }))).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });
});
