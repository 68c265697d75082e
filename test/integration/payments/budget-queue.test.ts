import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BudgetQueue } from '../../../src/payments/budget-queue.js';
import type { HoldAnswer, PendingHold } from '../../../src/payments/key-queue.js';
import { isRefusal, type HoldRequest } from '../../../src/payments/ledger.js';
import { PrismaKeyStore } from '../../../src/storage/keys/prisma-key-store.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';
import {
  granted,
  holdRequest,
  insertKey,
  openBooks,
  outcomeOf,
  settlementOf,
  type Books,
  type TestKey,
} from './ledger-fixture.js';

const LONG_MS = 20_000;

/** One process: its books and its queue, and how often it asked the database for either. */
class Replica {
  attempts = 0;
  looks = 0;
  private readonly keys: PrismaKeyStore;
  private readonly queues = new Set<BudgetQueue>();

  constructor(readonly books: Books) {
    this.keys = new PrismaKeyStore(books.database);
    const find = this.keys.findFor.bind(this.keys);
    this.keys.findFor = (payer) => {
      this.looks += 1;
      return find(payer);
    };
  }

  queue(waitMs = LONG_MS): BudgetQueue {
    const queue = new BudgetQueue(this.keys, { budgetWaitMs: waitMs });
    this.queues.add(queue);
    return queue;
  }

  take(queue: BudgetQueue, request: HoldRequest): PendingHold {
    return queue.take({
      payer: request.payer,
      minimum: request.minimum,
      attempt: () => {
        this.attempts += 1;
        return this.books.ledger.hold(request);
      },
    });
  }

  async settle(queue: BudgetQueue, request: HoldRequest, key: TestKey, price = 0n): Promise<void> {
    await this.books.ledger.settle(settlementOf(request, key, price));
    queue.returned(key.payer);
  }

  async close(): Promise<void> {
    for (const queue of this.queues) queue.stop();
    await this.books.database.close();
  }
}

let database: TestDatabase;
let replicas: readonly [Replica, Replica];

beforeAll(async () => {
  database = await createTestDatabase();
  replicas = [new Replica(await openBooks(database.url)), new Replica(await openBooks(database.url))];
});
afterEach(() => expectSoundBooks(database.pool));
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database.drop();
});

/** A key that has a limit of 100, all of which one call holds. */
async function fullKey(queue: BudgetQueue): Promise<{ key: TestKey; first: HoldRequest }> {
  const key = await insertKey(database.pool, { budget_limit: 100 });
  const first = holdRequest(key, 100n);
  granted(await replicas[0].take(queue, first).answer);
  return { key, first };
}

/** The first call that waits in its queue, when it does: the queue has looked at the key for it. */
async function firstWaiting(
  replica: Replica,
  queue: BudgetQueue,
  request: HoldRequest,
): Promise<PendingHold> {
  const { looks } = replica;
  const pending = replica.take(queue, request);
  await until(() => replica.looks > looks);
  return pending;
}

function outcomes(pending: readonly PendingHold[]): Promise<readonly string[]> {
  return Promise.all(pending.map(async ({ answer }) => outcomeOf(await answer)));
}

describe('calls of one key that holds stand in the way of', () => {
  it('are served in the order of their coming, each as soon as enough is back', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const { key, first } = await fullKey(queue);
    const requests = [90n, 80n, 20n, 30n, 100n].map((amount) => holdRequest(key, amount));
    const served: bigint[] = [];
    const [head, ...rest] = requests;
    const pending = [
      await firstWaiting(replica, queue, head!),
      ...rest.map((request) => replica.take(queue, request)),
    ];
    const settled = pending.map(async ({ answer }, index) => {
      granted(await answer);
      served.push(requests[index]!.wanted);
      await replica.settle(queue, requests[index]!, key);
    });
    await replica.settle(queue, first, key);
    await Promise.all(settled);
    expect(served).toEqual([90n, 80n, 20n, 30n, 100n]);
  });

  it('are asked for where too many wait, since less than they want may be free', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const key = await insertKey(database.pool, { budget_limit: 100 });
    const first = holdRequest(key, 90n);
    granted(await replica.take(queue, first).answer);
    const head = await firstWaiting(replica, queue, holdRequest(key, 50n));
    const others = Array.from({ length: 99 }, () => replica.take(queue, holdRequest(key, 50n)));
    const small = holdRequest(key, 5n);
    granted(await replica.take(queue, small).answer);
    await replica.settle(queue, small, key);
    for (const pending of [head, ...others]) pending.leave();
    await replica.settle(queue, first, key);
    await outcomes([head, ...others]);
  });

  it('learn of what another process has given back, by one look for all of them', async () => {
    const [replica, other] = replicas;
    const queue = replica.queue();
    const { key, first } = await fullKey(queue);
    const head = await firstWaiting(replica, queue, holdRequest(key, 5n));
    const before = { looks: replica.looks, attempts: replica.attempts };
    const startedAt = performance.now();
    const waiting = [head, ...Array.from({ length: 19 }, () => replica.take(queue, holdRequest(key, 5n)))];
    await other.settle(other.queue(), first, key);
    expect(new Set(await outcomes(waiting))).toEqual(new Set(['granted 5']));
    const looksForTheTime = Math.ceil((performance.now() - startedAt) / 500);
    expect(replica.looks - before.looks).toBeLessThanOrEqual(looksForTheTime + 2);
    expect(replica.attempts - before.attempts).toBe(20);
  });

  it('are refused when their time is over, with what is really free', async () => {
    const [replica] = replicas;
    const queue = replica.queue(50);
    const { key } = await fullKey(queue);
    const answer = await replica.take(queue, holdRequest(key, 5n)).answer;
    expect(answer).toMatchObject({ reason: 'budget_held', required: 5n, remaining: 0n });
  });

  it('get at the end of their time what is free, though a greater one stands before them', async () => {
    const [replica] = replicas;
    const queue = replica.queue(300);
    const { key } = await fullKey(queue);
    const great = await firstWaiting(replica, queue, holdRequest(key, 100n));
    await database.pool.query('UPDATE api_keys SET budget_limit = 120 WHERE id = $1', [key.id]);
    const small = replica.take(queue, holdRequest(key, 20n));
    expect(await outcomes([great, small])).toEqual(['budget_held', 'granted 20']);
  });

  it('that could not be paid at all are refused at once, whoever waits', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const { key, first } = await fullKey(queue);
    const waiting = await firstWaiting(replica, queue, holdRequest(key, 5n));
    expect(outcomeOf(await replica.take(queue, holdRequest(key, 101n)).answer)).toBe('insufficient_budget');
    await database.pool.query('UPDATE api_keys SET budget_limit = 104 WHERE id = $1', [key.id]);
    await replica.settle(queue, first, key, 100n);
    expect(outcomeOf(await waiting.answer)).toBe('insufficient_budget');
  });

  it('that leave take nothing, and let the next one on', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const { key, first } = await fullKey(queue);
    const leaving = await firstWaiting(replica, queue, holdRequest(key, 100n));
    const next = replica.take(queue, holdRequest(key, 10n));
    leaving.leave();
    expect(outcomeOf(await leaving.answer)).toBe('budget_held');
    await replica.settle(queue, first, key);
    expect(outcomeOf(await next.answer)).toBe('granted 10');
    const { rows } = await database.pool.query('SELECT amount FROM holds WHERE key_id = $1', [key.id]);
    expect(rows).toEqual([{ amount: '10' }]);
  });

  it('are told to come again when the process ends', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const { key } = await fullKey(queue);
    const waiting = await firstWaiting(replica, queue, holdRequest(key, 10n));
    queue.stop();
    const late = replica.take(queue, holdRequest(key, 10n));
    expect(await outcomes([waiting, late])).toEqual(['no_lease', 'no_lease']);
  });

  it('are at most a hundred; the next is refused at once', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const { key, first } = await fullKey(queue);
    const head = await firstWaiting(replica, queue, holdRequest(key, 1n));
    const others = Array.from({ length: 99 }, () => replica.take(queue, holdRequest(key, 1n)));
    expect(outcomeOf(await replica.take(queue, holdRequest(key, 1n)).answer)).toBe('budget_held');
    await replica.settle(queue, first, key);
    expect(new Set(await outcomes([head, ...others]))).toEqual(new Set(['granted 1']));
  });

  it('learn at once that their key was revoked', async () => {
    const [replica] = replicas;
    const queue = replica.queue();
    const { key } = await fullKey(queue);
    const waiting = replica.take(queue, holdRequest(key, 10n));
    await database.pool.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [key.id]);
    expect(outcomeOf(await waiting.answer)).toBe('revoked');
  });
});

it('any calls on two replicas, none above the limit, all get their turn, and the limit holds at every moment', async () => {
  const call = fc.record({
    replica: fc.nat(1),
    minimum: fc.integer({ min: 1, max: 100 }),
    more: fc.nat(50),
    price: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 2, maxLength: 25 }), async (calls) => {
      // What is spent never takes a call's minimum out of reach.
      const limit = 100 + 2 * calls.length;
      const key = await insertKey(database.pool, { budget_limit: limit });
      const queues = replicas.map((replica) => replica.queue());
      const run = async ({ replica: index, minimum, more, price }: (typeof calls)[number]): Promise<void> => {
        const [replica, queue] = [replicas[index]!, queues[index]!];
        const request = holdRequest(key, BigInt(minimum + more), BigInt(minimum));
        const answer: HoldAnswer = await replica.take(queue, request).answer;
        if (isRefusal(answer)) throw new Error(`refused: ${answer.reason}`);
        expect(answer.amount).toBeGreaterThanOrEqual(request.minimum);
        const { spent, held } = answer.budget;
        expect(spent + held).toBeLessThanOrEqual(BigInt(limit));
        await replica.settle(queue, request, key, BigInt(Math.min(price, minimum)));
      };
      await Promise.all(calls.map(run));
    }),
    { numRuns: 12 },
  );
}, 120_000);
