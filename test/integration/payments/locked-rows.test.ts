import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PoolClient } from 'pg';
import { agreedPrice } from '../../../src/base/money/agreed-price.js';
import { UnwritableError } from '../../../src/payments/ledger.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import {
  granted,
  holdRequest,
  insertKey,
  LEASE_MS,
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
afterEach(() => expectSoundBooks(database.pool));
afterAll(async () => {
  await books.database.close();
  await database.drop();
});

async function locking({ id }: TestKey): Promise<PoolClient> {
  const operator = await database.pool.connect();
  await operator.query('BEGIN');
  await operator.query('SELECT FROM api_keys WHERE id = $1 FOR UPDATE', [id]);
  return operator;
}

async function unlocking(operator: PoolClient): Promise<void> {
  await operator.query('ROLLBACK');
  operator.release();
}

it('lets calls of a locked key wait alone, and runs them in their order once it is free', async () => {
  const locked = await insertKey(database.pool, { budget_limit: 100 });
  const free = await insertKey(database.pool, { budget_limit: 10_000 });
  const { ledger } = books;
  const [toSettle, toRelease] = [holdRequest(locked, 10n), holdRequest(locked, 10n)];
  for (const request of [toSettle, toRelease]) granted(await ledger.hold(request));

  const operator = await locking(locked);
  const ended: string[] = [];
  const waiting = [
    ledger.settle(settlementOf(toSettle, locked, 5n)),
    ledger.release({ holdId: toRelease.holdId, keyId: locked.id }),
    ...Array.from({ length: 12 }, async (_, index) => {
      const answer = await ledger.hold(holdRequest(locked, 10n));
      ended.push(`${index} ${'reason' in answer ? answer.reason : 'granted'}`);
    }),
  ];
  // Each of these would wait for the operator if it waited for anything of the locked key.
  for (let round = 0; round < 5; round += 1) {
    const requests = Array.from({ length: 8 }, () => holdRequest(free, 10n));
    await Promise.all(requests.map(async (request) => granted(await ledger.hold(request))));
    const [first, ...others] = requests;
    await ledger.release({ holdId: first!.holdId, keyId: free.id });
    await Promise.all(others.map((request) => ledger.settle(settlementOf(request, free, 1n))));
  }
  await books.leases.renew(books.identity.id, LEASE_MS, []);
  expect(ended).toEqual([]);

  await unlocking(operator);
  await Promise.all(waiting);
  // 100 less what the settlement took, whichever came first: eight or nine holds, then no more.
  const outcomes = ended.map((entry) => entry.split(' ')[1]);
  expect(ended.map((entry) => Number(entry.split(' ')[0]))).toEqual(
    Array.from({ length: 12 }, (_, at) => at),
  );
  expect(outcomes.lastIndexOf('granted')).toBe(
    outcomes.filter((outcome) => outcome === 'granted').length - 1,
  );
  expect(outcomes.filter((outcome) => outcome === 'granted').length).toBeGreaterThanOrEqual(8);
});

const figure = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -1, 0.5, 2 ** 31, 2 ** 53, 2 ** 63, Number.MAX_VALUE),
);

it('renews the lease and writes the progress of all calls, whatever one of them has counted', async () => {
  const key = await insertKey(database.pool);
  const [odd, sound] = [holdRequest(key, 1n), holdRequest(key, 1n)];
  for (const request of [odd, sound]) granted(await books.ledger.hold(request));
  await fc.assert(
    fc.asyncProperty(figure, figure, fc.nat(1_000_000), async (inputTokens, outputTokens, tokens) => {
      await books.leases.renew(books.identity.id, LEASE_MS, [
        { holdId: odd.holdId, sent: true, inputTokens, outputTokens },
        { holdId: sound.holdId, sent: true, inputTokens: tokens, outputTokens: tokens },
      ]);
      const { rows } = await database.pool.query('SELECT output_tokens FROM holds WHERE id = $1', [
        sound.holdId,
      ]);
      expect(rows).toEqual([{ output_tokens: tokens }]);
    }),
    { numRuns: 60 },
  );
});

it('charges for whatever figures, once, with lines that the books can add', async () => {
  const key = await insertKey(database.pool);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        inputTokens: figure,
        cachedInputTokens: figure,
        cacheWriteTokens: figure,
        outputTokens: figure,
        reasoningTokens: figure,
      }),
      async (usage) => {
        const request = holdRequest(key, 10n);
        granted(await books.ledger.hold({ ...request, inputTokens: usage.inputTokens }));
        const charge = agreedPrice(request.terms).chargeFor({ usage, estimated: false });
        const { providerAmount, platformFee, lineItems } = charge;
        const settlement = settlementOf(request, key, providerAmount, platformFee, lineItems);
        expect(await books.ledger.settle(settlement)).toMatchObject({ outcome: 'settled', overrun: 0n });
      },
    ),
    { numRuns: 60 },
  );
});

it('says of what the database will never take that it will not', async () => {
  const key = await insertKey(database.pool);
  const request = holdRequest(key, 10n);
  const started = {
    responseId: request.responseId!,
    status: 'in_progress' as const,
    model: 'sandbox/echo',
    previousResponseId: undefined,
    conversationId: undefined,
    background: false,
    streamed: false,
    requestJson: undefined,
    envelopeJson: '{}',
    input: [],
    createdAtMs: Date.now(),
  };
  granted(await books.ledger.hold({ ...request, record: started }));
  const record = {
    responseId: request.responseId!,
    status: 'completed',
    envelopeJson: '{"cut',
    output: [],
    events: [],
  };
  await expect(books.ledger.settle({ ...settlementOf(request, key, 5n), record })).rejects.toBeInstanceOf(
    UnwritableError,
  );
  await expect(
    books.ledger.release({ holdId: request.holdId, keyId: key.id, record }),
  ).rejects.toBeInstanceOf(UnwritableError);
  expect(await books.ledger.settle(settlementOf(request, key, 5n))).toMatchObject({ outcome: 'settled' });
});
