import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HoldRequest } from '../../../src/payments/ledger.js';
import { takeHolds } from '../../../src/storage/ledger/hold-statement.js';
import { settleHolds } from '../../../src/storage/ledger/settle-statement.js';
import { whileLocked } from '../../../src/storage/lock-wait.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import {
  holdRequest,
  insertKey,
  openBooks,
  settlementOf,
  type Books,
  type TestKey,
} from './ledger-fixture.js';

let database: TestDatabase;
let books: Books;
beforeAll(async () => {
  database = await createTestDatabase();
  books = await openBooks(database.url);
});
afterAll(async () => {
  await expectSoundBooks(database.pool);
  await books.database.close();
  await database.drop();
});

const OPTIONS = { lockWait: '100ms', maxStoredBytes: 10 ** 12, sharded: false } as const;

/** A call that comes alone has a statement of its own. One that may be a repetition goes the way of batches. */
function take(request: HoldRequest, way: 'alone' | 'function') {
  const options = { ...OPTIONS, retry: way === 'function' };
  return takeHolds(books.database.pool, books.identity.id, [request], options);
}

const settings = fc.record({
  budget_limit: fc.option(fc.integer({ min: 0, max: 30 })),
  max_concurrent_requests: fc.option(fc.integer({ min: 0, max: 3 })),
  rate_limit_rpm: fc.option(fc.integer({ min: 1, max: 3 })),
  allowed_models: fc.constantFrom('{}', '{sandbox/echo}', '{other}'),
  expires_at: fc.constantFrom(null, '2020-01-01', '2099-01-01'),
  revoked_at: fc.constantFrom(null, null, '2020-01-01'),
});
const wants = fc.record({ wanted: fc.bigInt(0n, 12n), minimum: fc.bigInt(0n, 12n) });

/** What two keys have in common that were used in the same way. */
const KEY = `SELECT budget_limit, budget_spent, budget_held, open_holds, last_used_at IS NULL AS unused,
  (extract(epoch FROM rate_arrival_at - now()) / 20)::int AS ahead FROM api_keys WHERE id = $1`;

it('gets what a call in a batch gets, whatever its key is', async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(wants, { minLength: 1, maxLength: 5 }), async (columns, calls) => {
      const [left, right] = [
        await insertKey(database.pool, columns),
        await insertKey(database.pool, columns),
      ];
      for (const { wanted, minimum } of calls) {
        const request = { ...holdRequest(left, wanted, minimum) };
        const [alone] = await take(request, 'alone');
        const [batched] = await take(
          { ...holdRequest(right, wanted, minimum), payer: right.payer },
          'function',
        );
        const [wait, other] = [alone, batched].map((answer) =>
          answer && 'retryAfterMs' in answer ? Math.ceil((answer.retryAfterMs ?? 0) / 10_000) : 0,
        );
        expect({ ...alone, keyId: undefined, retryAfterMs: wait }).toEqual({
          ...batched,
          keyId: undefined,
          retryAfterMs: other,
        });
      }
      const state = async ({ id }: TestKey) => (await database.pool.query(KEY, [id])).rows as unknown[];
      expect(await state(left)).toEqual(await state(right));
    }),
    { numRuns: 80 },
  );
});

function ofAgent(request: HoldRequest): HoldRequest {
  const agent = { sessionId: 'session', id: 'agent', parentId: 'other' };
  return { ...request, terms: { ...request.terms, agent } };
}

describe('a charge that comes alone', () => {
  let request: HoldRequest;
  let key: TestKey;
  beforeEach(async () => {
    key = await insertKey(database.pool, { budget_limit: 1_000 });
    request = ofAgent(holdRequest(key, 100n));
    await take(request, 'alone');
  });

  /** A sweep goes the way of batches. Where two want one row, one of them waits. */
  const settle = (settlement: Parameters<typeof settleHolds>[1][number], sweep = false) =>
    whileLocked((lockWait) =>
      settleHolds(books.database.pool, [settlement], { lockWait, sweep, sharded: false }),
    );

  it.each([0n, 1n, 60n, 99n, 100n])('writes what a charge in a batch writes: %s', async (price) => {
    const twin = await insertKey(database.pool, { budget_limit: 1_000 });
    const other = ofAgent(holdRequest(twin, 100n));
    await take(other, 'function');
    const fee = price / 10n;
    const [mine, theirs] = [
      settlementOf(request, key, price - fee, fee),
      settlementOf(other, twin, price - fee, fee),
    ];
    expect(await settle(mine)).toEqual(await settle(theirs, true));
    const rows = async ({ receiptId }: { receiptId: string }, id: string) =>
      (
        await database.pool.query(
          `SELECT (SELECT json_agg(json_build_array(split_part(e.ledger_account, '_', 1), e.amount) ORDER BY e.amount)
                   FROM ledger e WHERE e.transaction_id = $1) AS entries,
             (SELECT to_jsonb(r) - '{id,hold_id,key_id,request_id,response_id,proof,settled_at}'::text[]
              FROM receipts r WHERE r.id = $1) AS receipt,
             (SELECT json_build_array(k.budget_spent, k.budget_held, k.open_holds) FROM api_keys k WHERE k.id = $2) AS key`,
          [receiptId, id],
        )
      ).rows as unknown[];
    const written = await rows(mine, key.id);
    expect(written).toEqual(await rows(theirs, twin.id));
    expect(written).toMatchObject([
      { receipt: { session_id: 'session', agent_id: 'agent', parent_agent_id: 'other' } },
    ]);
  });

  it('is written once, however often and in whatever company it is sent', async () => {
    const settlement = settlementOf(request, key, 60n);
    const answers = await Promise.all(Array.from({ length: 6 }, () => books.ledger.settle(settlement)));
    expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['settled']));
    const again = settlementOf(request, key, 60n);
    expect(await settle(again)).toMatchObject([{ outcome: 'ended_before', overrun: 0n }]);
    const { rows } = await database.pool.query(
      'SELECT budget_spent::int AS spent, open_holds AS open FROM api_keys WHERE id = $1',
      [key.id],
    );
    expect(rows).toEqual([{ spent: 60, open: 0 }]);
  });

  it('is charged or swept, not both', async () => {
    for (let round = 0; round < 20; round += 1) {
      const next = holdRequest(key, 10n);
      await take(next, 'alone');
      const [own, swept] = await Promise.all([
        settle(settlementOf(next, key, 7n)),
        settle(settlementOf(next, key, 5n), true),
      ]);
      const outcomes = [own, swept].flat().map(({ outcome }) => outcome);
      expect(outcomes.sort()).toEqual(['ended_before', 'settled']);
    }
  });
});
