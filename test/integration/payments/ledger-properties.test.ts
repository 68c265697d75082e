import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../../src/base/ids.js';
import { isRefusal, type HoldRequest } from '../../../src/payments/ledger.js';
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
let replicas: Books[];

beforeAll(async () => {
  database = await createTestDatabase();
  replicas = [await openBooks(database.url), await openBooks(database.url)];
});
afterAll(async () => {
  await Promise.all(replicas.map((books) => books.database.close()));
  await database.drop();
});

type Step =
  | {
      readonly kind: 'hold';
      readonly replica: number;
      readonly key: number;
      readonly wanted: number;
      readonly minimum: number;
      /** Which request it is, if it is to run once. */
      readonly once: number | null;
    }
  | {
      readonly kind: 'settle' | 'sweep';
      readonly replica: number;
      readonly pick: number;
      readonly price: number;
    }
  | { readonly kind: 'release'; readonly replica: number; readonly pick: number }
  | { readonly kind: 'limit'; readonly key: number; readonly raise: number };

const replica = fc.nat(1);
const pick = fc.nat(20);
const amount = fc.nat(150);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hold' as const),
      replica,
      key: fc.nat(2),
      wanted: amount,
      minimum: amount,
      once: fc.option(fc.nat(3)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), replica, pick, price: fc.nat(250) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sweep' as const), replica, pick, price: fc.nat(250) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), replica, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('limit' as const), key: fc.nat(2), raise: amount }) },
);

/** Steps of one inner array run at the same time, on two replicas. */
const interleaving = fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 8,
});

interface Open {
  readonly request: HoldRequest;
  readonly key: TestKey;
}

interface KeptRecord {
  readonly key: string;
  readonly hold_id: string;
  readonly is_open: boolean;
  readonly receipt_id: string | null;
  readonly kind: string | null;
}

/** A request that runs once has one hold or one receipt, and an answer if and only if it was charged. */
async function expectSoundRecords(accountId: string): Promise<void> {
  const { rows } = await database.pool.query<KeptRecord>(
    `SELECT i.key, i.hold_id, h.id IS NOT NULL AS is_open, r.id AS receipt_id, i.kind
     FROM idempotency_records i LEFT JOIN holds h ON h.id = i.hold_id LEFT JOIN receipts r ON r.hold_id = i.hold_id
     WHERE i.account_id = $1`,
    [accountId],
  );
  for (const row of rows) {
    expect([row.is_open, row.receipt_id !== null, row.kind !== null]).toEqual(
      row.is_open ? [true, false, false] : [false, true, true],
    );
  }
  const charges = await database.pool.query(
    `SELECT idempotency_key FROM receipts WHERE account_id = $1 AND idempotency_key IS NOT NULL
     GROUP BY idempotency_key HAVING count(*) > 1`,
    [accountId],
  );
  expect(charges.rows).toEqual([]);
}

async function play(steps: readonly (readonly Step[])[]): Promise<void> {
  const account_id = `acct_${newId('key')}`;
  await database.pool.query('INSERT INTO accounts (id) VALUES ($1)', [account_id]);
  const keys = await Promise.all(
    [200, 500, 1000].map((budget_limit) => insertKey(database.pool, { budget_limit, account_id })),
  );
  const open: Open[] = [];
  const run = async (one: Step): Promise<void> => {
    if (one.kind === 'limit') {
      await database.pool.query('UPDATE api_keys SET budget_limit = budget_limit + $2 WHERE id = $1', [
        keys[one.key]!.id,
        one.raise,
      ]);
      return;
    }
    const { ledger } = replicas[one.replica]!;
    if (one.kind === 'hold') {
      const key = keys[one.key]!;
      const request: HoldRequest = {
        ...holdRequest(key, BigInt(Math.max(one.wanted, one.minimum)), BigInt(one.minimum)),
        once: one.once === null ? undefined : { key: `once-${one.once}`, fingerprint: Buffer.from('same') },
      };
      const answer = await ledger.hold(request);
      if (isRefusal(answer) && answer.reason === 'once_taken') expect(request.once).toBeDefined();
      else if (isRefusal(answer)) expect(answer.required).toBeGreaterThan(answer.remaining);
      else {
        expect(answer.amount >= request.minimum && answer.amount <= request.wanted).toBe(true);
        open.push({ request, key });
      }
      return;
    }
    // Picked without removing: the same hold may be ended twice, in any two ways, at the same moment.
    const target = open[one.pick % Math.max(open.length, 1)];
    if (!target) return;
    const { request, key } = target;
    if (one.kind === 'release') await ledger.release({ holdId: request.holdId, keyId: key.id });
    else if (one.kind === 'settle') await ledger.settle(settlementOf(request, key, BigInt(one.price), 1n));
    else await ledger.settleAbandoned(settlementOf(request, key, BigInt(one.price), 1n));
  };
  for (const together of steps) {
    await Promise.all(together.map(run));
    await expectSoundBooks(database.pool);
    await expectSoundRecords(account_id);
  }
  await Promise.all(
    open.map(({ request, key }) => replicas[0]!.ledger.release({ holdId: request.holdId, keyId: key.id })),
  );
  const { rows } = await database.pool.query('SELECT FROM api_keys WHERE budget_held <> 0');
  expect(rows).toEqual([]);
}

it('keeps every rule of the books under random interleavings on two replicas', async () => {
  await fc.assert(fc.asyncProperty(interleaving, play), { numRuns: 40 });
});
