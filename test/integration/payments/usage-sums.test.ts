import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PoolClient } from 'pg';
import { storedLines } from '../../../src/base/money/stored-lines.js';
import { USAGE_DIFFERENCES } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { lineItems } from './line-items.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const sumUp = async (limit: number): Promise<boolean> => {
  const { rows } = await database.pool.query<{ more: boolean }>('SELECT sum_up_usage($1) AS more', [limit]);
  return rows[0]!.more;
};

async function expectSums(): Promise<void> {
  expect((await database.pool.query(USAGE_DIFFERENCES)).rows).toEqual([]);
}

const DAY_S = 86_400;
/** Transactions, fewer than the pool has connections. */
const MOST_OPEN = 5;

/** Calls with holds and receipts, as the ledger writes them. */
class Books {
  private calls = 0;
  /** Open holds, and whether usage was summed up while they were. */
  private readonly open = new Map<string, { seen: boolean }>();
  private readonly ending = new Map<string, PoolClient>();
  private hasSummed = false;

  static async empty(): Promise<Books> {
    await database.pool.query(
      `TRUNCATE holds, receipts, usage_days, usage_awaited; UPDATE usage_progress SET summed_until = '-infinity'`,
    );
    return new Books();
  }

  async hold(): Promise<void> {
    this.calls += 1;
    const id = `hold_${this.calls}`;
    await database.pool.query(
      `INSERT INTO holds (id, key_id, account_id, request_id, amount, input_tokens, terms) VALUES ($1, 'key', 'acme', 'req', 1, 1, '{}')`,
      [id],
    );
    this.open.set(id, { seen: false });
  }

  /** The oldest call ends, in a transaction that stays open: as of `ago` seconds, if its hold may have been there then. */
  async end(ago: number, status: string, lines: string): Promise<void> {
    if (this.ending.size === MOST_OPEN) await this.commit();
    const [id, hold] = [...this.open][0] ?? [];
    if (id === undefined || hold === undefined) return;
    this.open.delete(id);
    const seconds = hold.seen || !this.hasSummed ? ago : ago % 5;
    const client = await database.pool.connect();
    this.ending.set(id, client);
    await client.query('BEGIN');
    await client.query('DELETE FROM holds WHERE id = $1', [id]);
    await client.query(
      `INSERT INTO receipts (id, hold_id, key_id, account_id, request_id, network, meter_subject, provider_amount,
         platform_fee, final_amount, line_items, lines, estimated, settlement_status, settled_at)
       VALUES ('rct' || $1, $1::text, 'key' || $2::text, 'acme', 'req', 'eip155:1', 'up:model/' || $2::text, 10, 2, 12, '[]', $3::json,
         $2::text = '0', $4, now() - make_interval(secs => $5))`,
      [id, String(this.calls % 3), lines, status, seconds],
    );
  }

  async commit(): Promise<void> {
    for (const client of this.ending.values()) {
      await client.query('COMMIT');
      client.release();
    }
    this.ending.clear();
  }

  /** What was due is paid, or not. */
  async conclude(status: string): Promise<void> {
    await database.pool.query(
      `UPDATE receipts SET settlement_status = $1
       WHERE id = (SELECT id FROM receipts WHERE settlement_status = 'pending' LIMIT 1)`,
      [status],
    );
  }

  async sum(limit: number, replicas: number): Promise<void> {
    await Promise.all(Array.from({ length: replicas }, () => sumUp(limit)));
    this.hasSummed = true;
    for (const hold of this.open.values()) hold.seen = true;
  }

  /** The process dies before it has done. */
  async dieSumming(limit: number): Promise<void> {
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query('SELECT sum_up_usage($1)', [limit]);
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    client.release(true);
    // What it had locked is free when the server has noticed.
    const living = 'SELECT FROM pg_stat_activity WHERE pid = $1';
    await until(async () => (await database.pool.query(living, [rows[0]?.pid])).rowCount === 0);
  }

  async close(): Promise<void> {
    await this.commit();
    while (await sumUp(3));
    await expectSums();
  }
}

const ends = ['settled', 'settled', 'pending', 'failed'] as const;
const limits = fc.integer({ min: 1, max: 4 });
const steps: fc.Arbitrary<(books: Books) => Promise<void>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant((books: Books) => books.hold()) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 3 * DAY_S }), fc.constantFrom(...ends), lineItems).map(
      ([ago, status, lines]) =>
        (books: Books) =>
          books.end(ago, status, storedLines(lines)),
    ),
  },
  { weight: 2, arbitrary: fc.constant((books: Books) => books.commit()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('settled', 'failed').map((status) => (books: Books) => books.conclude(status)),
  },
  { weight: 3, arbitrary: limits.map((limit) => (books: Books) => books.sum(limit, 1)) },
  { weight: 1, arbitrary: limits.map((limit) => (books: Books) => books.sum(limit, 2)) },
  { weight: 1, arbitrary: limits.map((limit) => (books: Books) => books.dieSumming(limit)) },
);

describe('usage', () => {
  it('is at every moment the sum of the receipts, however they come while it is summed up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (list) => {
        const books = await Books.empty();
        try {
          for (const step of list) {
            await step(books);
            await expectSums();
          }
        } finally {
          await books.close();
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is summed up by one replica while another waits for nothing', async () => {
    const books = await Books.empty();
    await books.hold();
    await books.end(DAY_S, 'settled', '[]');
    await books.commit();
    const client = await database.pool.connect();
    await client.query('BEGIN');
    expect((await client.query('SELECT sum_up_usage(10) AS more')).rows).toEqual([{ more: false }]);
    expect(await sumUp(10)).toBe(false);
    await expectSums();
    await client.query('COMMIT');
    client.release();
    const { rows } = await database.pool.query('SELECT calls::int FROM usage_days');
    expect(rows).toEqual([{ calls: 1 }]);
    await books.close();
  });

  it('stays when receipts are removed', async () => {
    const books = await Books.empty();
    for (let call = 0; call < 3; call += 1) {
      await books.hold();
      await books.end(DAY_S, 'settled', '[]');
    }
    await books.commit();
    expect(await sumUp(10)).toBe(false);
    await database.pool.query('DELETE FROM receipts');
    expect(await sumUp(10)).toBe(false);
    const { rows } = await database.pool.query('SELECT sum(calls)::int AS calls FROM admin.usage_daily');
    expect(rows).toEqual([{ calls: 3 }]);
  });
});

describe('the quantities of a receipt', () => {
  it('are those of its lines, whatever they say', async () => {
    await fc.assert(
      fc.asyncProperty(lineItems, async (lines) => {
        const { rows } = await database.pool.query(
          `SELECT k, quantity_of($1, k)::float8 AS found, sum_of_lines($2::json, k)::float8 AS named
           FROM unnest(ARRAY['input_tokens', 'cached_input_tokens', 'reasoning_tokens']) AS k`,
          [storedLines(lines), JSON.stringify(lines)],
        );
        for (const { k, found, named } of rows as { k: string; found: number; named: number }[]) {
          const sum = lines
            .filter(({ key }) => key === k)
            .reduce((total, { quantity }) => total + quantity, 0);
          expect({ k, found, named }).toEqual({ k, found: sum, named: sum });
        }
      }),
    );
  });
});
