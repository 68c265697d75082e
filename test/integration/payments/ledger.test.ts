import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { Payer } from '../../../src/payments/payer.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import {
  granted,
  holdRequest,
  insertKey,
  openBooks,
  outcomeOf,
  settlementOf,
  type Books,
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

const keyRow = async (id: string) =>
  (
    await database.pool.query('SELECT budget_spent, budget_held, open_holds FROM api_keys WHERE id = $1', [
      id,
    ])
  ).rows[0] as {
    budget_spent: string;
    budget_held: string;
    open_holds: number;
  };

describe('taking holds', () => {
  it('runs one call of fifty when the budget is one hold', async () => {
    const key = await insertKey(database.pool, { budget_limit: 100 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => books.ledger.hold(holdRequest(key, 100n))),
    );
    const counts = answers.map(outcomeOf);
    expect(counts.filter((outcome) => outcome === 'granted 100')).toHaveLength(1);
    expect(counts.filter((outcome) => outcome === 'budget_held')).toHaveLength(49);
  });

  it('runs 33 of 200 when the budget is 33 holds', async () => {
    const key = await insertKey(database.pool, { budget_limit: 33 * 75 });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => books.ledger.hold(holdRequest(key, 75n))),
    );
    expect(answers.map(outcomeOf).filter((outcome) => outcome === 'granted 75')).toHaveLength(33);
  });

  it('refuses a call that is too large without taking anything from the next ones of its batch', async () => {
    const key = await insertKey(database.pool, { budget_limit: 100 });
    // The first call goes alone; the others gather behind it and travel as one batch.
    const [, ...answers] = await Promise.all([
      books.ledger.hold(holdRequest(key, 0n)),
      ...[900n, 50n, 30n, 21n].map((wanted) => books.ledger.hold(holdRequest(key, wanted))),
    ]);
    expect(answers.map(outcomeOf)).toEqual([
      'insufficient_budget',
      'granted 50',
      'granted 30',
      'budget_held',
    ]);
  });

  it('grants what is free to a call whose minimum that covers', async () => {
    const key = await insertKey(database.pool, { budget_limit: 500 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => books.ledger.hold(holdRequest(key, 75n, 50n))),
    );
    const outcomes = answers.map(outcomeOf);
    expect(outcomes.filter((outcome) => outcome === 'granted 75')).toHaveLength(6);
    expect(outcomes.filter((outcome) => outcome === 'granted 50')).toHaveLength(1);
  });

  it('says 402 only when waiting cannot help', async () => {
    const key = await insertKey(database.pool, { budget_limit: 100 });
    const first = holdRequest(key, 100n);
    await books.ledger.hold(first);
    expect(outcomeOf(await books.ledger.hold(holdRequest(key, 60n)))).toBe('budget_held');
    await books.ledger.settle(settlementOf(first, key, 50n));
    const refused = await books.ledger.hold(holdRequest(key, 60n));
    expect(refused).toMatchObject({ reason: 'insufficient_budget', required: 60n, remaining: 50n });
    expect(outcomeOf(await books.ledger.hold(holdRequest(key, 50n)))).toBe('granted 50');
  });

  it('checks that the key lives and may use the model', async () => {
    const past = new Date(Date.now() - 1000);
    const revoked = await insertKey(database.pool, { revoked_at: past });
    const expired = await insertKey(database.pool, { expires_at: past });
    const limited = await insertKey(database.pool, { allowed_models: ['gpt-5.5'] });
    const nobody = { id: 'none', payer: Payer.ofKey('none') };
    const outcomes = await Promise.all(
      [revoked, expired, limited, nobody].map(async (key) =>
        outcomeOf(await books.ledger.hold(holdRequest(key, 1n))),
      ),
    );
    expect(outcomes).toEqual(['revoked', 'expired', 'model_not_allowed', 'unknown_key']);
  });

  it('limits calls at a time and calls per minute', async () => {
    const narrow = await insertKey(database.pool, { max_concurrent_requests: 2 });
    const slow = await insertKey(database.pool, { rate_limit_rpm: 3 });
    const take = async (key: typeof narrow) =>
      (await Promise.all(Array.from({ length: 5 }, () => books.ledger.hold(holdRequest(key, 1n))))).map(
        outcomeOf,
      );
    expect((await take(narrow)).sort()).toEqual([
      ...Array<string>(3).fill('concurrency_limited'),
      'granted 1',
      'granted 1',
    ]);
    expect((await take(slow)).sort()).toEqual([
      ...Array<string>(3).fill('granted 1'),
      'rate_limited',
      'rate_limited',
    ]);
    const refused = await books.ledger.hold(holdRequest(slow, 1n));
    expect(refused).toMatchObject({ reason: 'rate_limited', retryAfterMs: expect.any(Number) as unknown });
  });

  it('refuses a process without a lease', async () => {
    const key = await insertKey(database.pool);
    const stranger = await openBooks(database.url);
    await stranger.leases.end(stranger.identity.id);
    expect(outcomeOf(await stranger.ledger.hold(holdRequest(key, 1n)))).toBe('no_lease');
    await stranger.database.close();
  });
});

describe('ending holds', () => {
  it('charges the price and gives the rest back', async () => {
    const key = await insertKey(database.pool, { budget_limit: 1000 });
    const request = holdRequest(key, 500n);
    await books.ledger.hold(request);
    const result = await books.ledger.settle(settlementOf(request, key, 200n, 2n));
    expect(result).toEqual({ outcome: 'settled', finalAmount: 202n, overrun: 0n });
    expect(await keyRow(key.id)).toEqual({ budget_spent: '202', budget_held: '0', open_holds: 0 });
  });

  it('takes more than the hold as far as the budget is free, and books the rest to the operator', async () => {
    const key = await insertKey(database.pool, { budget_limit: 1000 });
    const other = holdRequest(key, 300n);
    const request = holdRequest(key, 500n);
    await books.ledger.hold(other);
    await books.ledger.hold(request);
    const result = await books.ledger.settle(settlementOf(request, key, 900n, 9n));
    expect(result).toEqual({ outcome: 'settled', finalAmount: 700n, overrun: 209n });
    expect(await keyRow(key.id)).toEqual({ budget_spent: '700', budget_held: '300', open_holds: 1 });
  });

  it('gives the same answer when a settlement is sent again, and charges once', async () => {
    const key = await insertKey(database.pool, { budget_limit: 1000 });
    const request = holdRequest(key, 500n);
    await books.ledger.hold(request);
    const settlement = settlementOf(request, key, 200n);
    const answers = [await books.ledger.settle(settlement), await books.ledger.settle(settlement)];
    expect(answers[1]).toEqual(answers[0]);
    expect(await keyRow(key.id)).toMatchObject({ budget_spent: '200' });
  });

  it('does not charge for a hold that was swept, and books what was used as an overrun', async () => {
    const key = await insertKey(database.pool, { budget_limit: 1000 });
    const [released, settled] = [holdRequest(key, 100n), holdRequest(key, 100n)];
    await books.ledger.hold(released);
    await books.ledger.hold(settled);
    await books.ledger.release({ holdId: released.holdId, keyId: key.id });
    await books.ledger.settleAbandoned(settlementOf(settled, key, 30n));
    expect(await books.ledger.settleAbandoned(settlementOf(settled, key, 30n))).toMatchObject({
      overrun: 0n,
    });
    expect(await books.ledger.settle(settlementOf(released, key, 40n))).toEqual({
      outcome: 'ended_before',
      finalAmount: 0n,
      overrun: 40n,
    });
    expect(await books.ledger.settle(settlementOf(settled, key, 50n))).toMatchObject({ overrun: 20n });
    expect(await keyRow(key.id)).toEqual({ budget_spent: '30', budget_held: '0', open_holds: 0 });
  });

  it('keeps long answers in several statements', async () => {
    const key = await insertKey(database.pool);
    const requests = Array.from({ length: 6 }, (_, index) => ({
      ...holdRequest(key, 10n),
      once: { key: `long-${index}`, fingerprint: Buffer.from('same'), answer: () => undefined },
    }));
    await Promise.all(requests.map((request) => books.ledger.hold(request)));
    const content = '"'.repeat(3 * 1024 * 1024);
    const settled = requests.map((request) => ({
      ...settlementOf(request, key, 1n),
      answer: { kind: 'whole', status: 200, headers: {}, content } as const,
    }));
    await Promise.all(settled.map((settlement) => books.ledger.settle(settlement)));
    const { rows } = await database.pool.query<{ transactions: number; kept: number }>(
      `SELECT count(DISTINCT r.xmin::text)::int AS transactions, count(*) FILTER (WHERE content = $2)::int AS kept
       FROM receipts r JOIN idempotency_records o USING (hold_id) WHERE r.key_id = $1`,
      [key.id, content],
    );
    // Two fit into one statement each time.
    expect(rows).toEqual([{ transactions: 3, kept: 6 }]);
  });

  it('fails only the bad row of a batch', async () => {
    const key = await insertKey(database.pool);
    const requests = Array.from({ length: 5 }, () => holdRequest(key, 10n));
    await Promise.all(requests.map((request) => books.ledger.hold(request)));
    const results = await Promise.allSettled(
      requests.map((request, index) => {
        const settlement = settlementOf(request, key, 5n);
        return books.ledger.settle(index === 3 ? settlementOf(request, key, 10n ** 30n) : settlement);
      }),
    );
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await keyRow(key.id)).toEqual({ budget_spent: '20', budget_held: '10', open_holds: 1 });
  });
});

describe('leases', () => {
  it('reports holds that the process no longer runs, and the holds of a dead process to everybody', async () => {
    const key = await insertKey(database.pool, { budget_limit: 1000 });
    const mortal = await openBooks(database.url, 60_000);
    const [kept, lost] = [holdRequest(key, 10n), holdRequest(key, 10n)];
    granted(await mortal.ledger.hold(kept));
    granted(await mortal.ledger.hold(lost));
    const progress = [{ holdId: kept.holdId, sent: true, inputTokens: 7, outputTokens: 3 }];
    expect(await mortal.leases.renew(mortal.identity.id, 60_000, progress)).toEqual([
      { holdId: lost.holdId, keyId: key.id },
    ]);
    const holdsOf = async () =>
      (await books.leases.abandoned(1000))
        .filter(({ keyId }) => keyId === key.id)
        .map(({ holdId }) => holdId);
    expect(await holdsOf()).toEqual([]);
    await mortal.leases.renew(mortal.identity.id, 0, progress);
    expect((await holdsOf()).sort()).toEqual([kept.holdId, lost.holdId].sort());
    const found = (await books.leases.abandoned(1000)).find(({ holdId }) => holdId === kept.holdId);
    expect(found).toMatchObject({ sent: true, inputTokens: 7, outputTokens: 3, requestId: kept.requestId });
    await books.leases.forgetDead();
    await Promise.all([kept, lost].map(({ holdId }) => books.ledger.release({ holdId, keyId: key.id })));
    await books.leases.forgetDead();
    const { rowCount } = await database.pool.query('SELECT FROM gateway_processes WHERE id = $1', [
      mortal.identity.id,
    ]);
    expect(rowCount).toBe(0);
    await mortal.database.close();
  });

  it('ignores holds that it has never heard of', async () => {
    await expect(
      books.ledger.release({ holdId: newId('hold'), keyId: newId('key') }),
    ).resolves.toBeUndefined();
  });
});
