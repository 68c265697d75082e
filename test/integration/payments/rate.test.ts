import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isRefusal } from '../../../src/payments/ledger.js';
import { PrismaKeyStore } from '../../../src/storage/keys/prisma-key-store.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import { granted, holdRequest, insertKey, openBooks, type Books, type TestKey } from './ledger-fixture.js';

let database: TestDatabase;
let books: Books;
let keys: PrismaKeyStore;

beforeAll(async () => {
  database = await createTestDatabase();
  books = await openBooks(database.url);
  keys = new PrismaKeyStore(books.database);
});
afterAll(async () => {
  await books.database.close();
  await database.drop();
});

/** One call every 30 seconds, and two at once. */
const newKey = (): Promise<TestKey> => insertKey(database.pool, { rate_limit_rpm: 2 });
const SPACING_MS = 30_000;

/** What `ask` gets for the key when, while it waits for the key's row, as many calls are counted as the key may have. */
async function whileOthersAreCounted<Answer>(key: TestKey, ask: () => Promise<Answer>): Promise<Answer> {
  const others = await database.pool.connect();
  try {
    await others.query('BEGIN');
    await others.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [key.id]);
    const answer = ask();
    await until(async () => {
      const { rows } = await database.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    await others.query(
      `UPDATE api_keys SET rate_arrival_at = clock_timestamp() + interval '60 seconds' WHERE id = $1`,
      [key.id],
    );
    await others.query('COMMIT');
    return await answer;
  } finally {
    others.release();
  }
}

function expectSpacing(waitMs: number | undefined): void {
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(SPACING_MS);
}

it('says when the next call may come from when the key was looked at, not from when it was asked for', async () => {
  const key = await newKey();
  const refusal = await whileOthersAreCounted(key, () => books.ledger.hold(holdRequest(key, 10n)));
  expect(refusal).toMatchObject({ reason: 'rate_limited' });
  if (isRefusal(refusal)) expectSpacing(refusal.retryAfterMs);
});

it('says so for a request that is counted before its body is read', async () => {
  const key = await newKey();
  const waitMs = await whileOthersAreCounted(key, () => keys.countRequest(key.id));
  expectSpacing(waitMs);
  expect(waitMs).toBeGreaterThan(SPACING_MS / 2);
});

it('grants a call that was counted, whoever is counted while it waits for the key', async () => {
  const key = await newKey();
  expect(await keys.countRequest(key.id)).toBeUndefined();
  granted(
    await whileOthersAreCounted(key, () => books.ledger.hold({ ...holdRequest(key, 10n), counted: true })),
  );
});

it('counts to the limit and no further, and never a key without one', async () => {
  const [limited, unlimited] = [await newKey(), await insertKey(database.pool)];
  const waits = await Promise.all(Array.from({ length: 8 }, () => keys.countRequest(limited.id)));
  expect(waits.filter((waitMs) => waitMs === undefined)).toHaveLength(2);
  for (const waitMs of waits) if (waitMs !== undefined) expectSpacing(waitMs);
  expect(await keys.countRequest(unlimited.id)).toBeUndefined();
  expect(await keys.countRequest('key_none')).toBeUndefined();
});
