import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isRefusal, type HoldGrant, type HoldRequest } from '../../../src/payments/ledger.js';
import type { PaymentClaim, SignedPayment } from '../../../src/payments/x402/payment.js';
import { checkBooks } from '../../../src/storage/ledger/check-books.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import {
  claimOf,
  newAddress,
  openPaymentBooks,
  signedPayment,
  walletRequest,
  REPEAT_MS,
  words,
  walletSettlement,
  type PaymentBooks,
} from './payment-fixture.js';

let database: TestDatabase;
let replicas: PaymentBooks[];
beforeAll(async () => {
  database = await createTestDatabase();
  replicas = [await openPaymentBooks(database.url), await openPaymentBooks(database.url)];
});
afterAll(async () => {
  await Promise.all(replicas.map((books) => books.database.close()));
  await database.drop();
});

const KINDS = ['settle', 'sweep', 'release', 'early', 'move', 'fail', 'conclude', 'deliver'] as const;
type Step = { readonly replica: number; readonly pick: number; readonly price: number } & (
  | { readonly kind: 'claim'; readonly nonce: number; readonly request: number; readonly exact: boolean }
  | { readonly kind: (typeof KINDS)[number] }
);
const common = { replica: fc.nat(1), pick: fc.nat(20), price: fc.nat(150) };
const claim = {
  kind: fc.constant('claim' as const),
  nonce: fc.nat(7),
  request: fc.nat(5),
  exact: fc.boolean(),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ ...common, ...claim }) },
  { weight: 5, arbitrary: fc.record({ ...common, kind: fc.constantFrom(...KINDS) }) },
);
/** Steps of one inner array run at the same time, on two replicas. */
const interleaving = fc.array(fc.array(step, { minLength: 1, maxLength: 10 }), {
  minLength: 1,
  maxLength: 8,
});

interface Open {
  readonly claim: PaymentClaim;
  readonly request: HoldRequest;
  readonly grant: HoldGrant;
}

/** A wallet with 250 atomic units on a chain where each nonce moves once. */
class Scene {
  readonly payer = newAddress();
  readonly open: Open[] = [];
  readonly onChain = new Map<string, bigint>();
  private readonly payments: readonly SignedPayment[];

  constructor() {
    this.payments = Array.from({ length: 16 }, (_, index) => {
      const scheme = index % 2 === 0 ? 'exact' : 'upto';
      return signedPayment(this.payer, { scheme, authorised: BigInt(40 + 10 * index), nonce: BigInt(index) });
    });
  }

  get balance(): bigint {
    return [...this.onChain.values()].reduce((left, amount) => left - amount, 250n);
  }

  async run(one: Step): Promise<void> {
    const { ledger, payments } = replicas[one.replica]!;
    if (one.kind === 'claim') return this.claim(replicas[one.replica]!, one);
    // Picked without removing: what has ended may end again, in any other way, at the same moment.
    const target = this.open[one.pick % Math.max(this.open.length, 1)];
    if (!target) return;
    const { request, grant } = target;
    const { id } = target.claim;
    if (one.kind === 'release') await ledger.release({ holdId: request.holdId, keyId: grant.keyId });
    else if (one.kind === 'conclude') await payments.conclude(request.holdId);
    else if (one.kind === 'deliver') await payments.delivered(id);
    else if (one.kind === 'early') {
      const { scheme, authorised } = target.claim.payment;
      if (scheme === 'exact') await payments.startMoving(id, authorised);
    } else if (one.kind === 'move' || one.kind === 'fail') await this.finish(payments, target, one.kind);
    else {
      const { claimed: stored } = await payments.look(target.claim.payment, '', REPEAT_MS);
      const hash = stored?.id === id ? stored.transactionHash : undefined;
      const settlement = walletSettlement(request, grant, BigInt(one.price), hash);
      await (one.kind === 'settle' ? ledger.settle(settlement) : ledger.settleAbandoned(settlement));
    }
  }

  private async claim(
    { ledger, payments }: PaymentBooks,
    { nonce, request, exact }: Extract<Step, { kind: 'claim' }>,
  ): Promise<void> {
    const payment = this.payments[2 * nonce + (exact ? 0 : 1)]!;
    const { moved: movedBefore } = await payments.look(payment, '', REPEAT_MS);
    const available = this.balance;
    const claimed = claimOf(payment, { movedBefore, available, openKey: `request ${request}` });
    const asked = walletRequest(claimed);
    const grant = await ledger.hold(asked);
    if (isRefusal(grant)) return;
    const { spent, held } = grant.budget;
    expect(spent + held).toBeLessThanOrEqual(movedBefore + available);
    this.open.push({ claim: claimed, request: asked, grant });
  }

  /** The chain decides once, for 0 that it never moves. Whoever asks later brings the same to the books. */
  private async finish(
    payments: PaymentBooks['payments'],
    { claim: { id, payment } }: Open,
    wish: 'move' | 'fail',
  ): Promise<void> {
    const { claimed: stored } = await payments.look(payment, '', REPEAT_MS);
    if (stored?.id !== id || stored.amount === undefined || stored.state === 'burned') return;
    if (stored.state === 'due' && !this.onChain.has(id))
      this.onChain.set(id, wish === 'move' ? stored.amount : 0n);
    const moved = this.onChain.get(id);
    if (moved === undefined) return;
    const movement =
      moved > 0n
        ? { outcome: 'moved' as const, transactionHash: `0x${id}` }
        : { outcome: 'failed' as const, reason: 'expired' };
    await payments.complete(id, movement, words);
  }
}

/** One nonce has one running or charged call, and the chain has what the books have. */
async function expectSoundPayments({ onChain, payer }: Scene): Promise<void> {
  const { rows } = await database.pool.query<{ id: string; calls: number; settled: string }>(
    `SELECT p.id, (SELECT count(*)::int FROM holds h WHERE h.id = p.hold_id)
       + (SELECT count(*)::int FROM receipts r WHERE r.hold_id = p.hold_id) AS calls,
       CASE WHEN p.state = 'settled' THEN p.amount ELSE 0 END AS settled
     FROM x402_payments p WHERE p.payer = $1`,
    [payer],
  );
  for (const { id, calls, settled } of rows) {
    expect(calls).toBeLessThanOrEqual(1);
    if (BigInt(settled) > 0n) expect(BigInt(settled)).toBe(onChain.get(id));
  }
  const { rows: stray } = await database.pool.query(
    `SELECT c.id FROM (SELECT id, key_id FROM holds UNION ALL SELECT hold_id, key_id FROM receipts) AS c
     JOIN api_keys k ON k.id = c.key_id AND k.wallet = $1
     WHERE NOT EXISTS (SELECT FROM x402_payments p WHERE p.hold_id = c.id)`,
    [payer],
  );
  expect(stray).toEqual([]);
}

async function play(steps: readonly (readonly Step[])[]): Promise<void> {
  const scene = new Scene();
  for (const together of steps) {
    await Promise.all(together.map((one) => scene.run(one)));
    await expectSoundBooks(database.pool);
    await expectSoundPayments(scene);
  }
  expect((await checkBooks(database.url)).differences).toEqual([]);
  // Whatever was left lying comes to an end, and then nothing is open.
  const { payments, ledger } = replicas[0]!;
  for (const { request, grant } of scene.open)
    await ledger.release({ holdId: request.holdId, keyId: grant.keyId });
  for (let round = 0; round < 2; round += 1) {
    for (const { request } of scene.open) await payments.conclude(request.holdId);
    for (let turn = 0; turn < scene.open.length; turn += 1)
      await scene.run({ kind: 'move', replica: 0, pick: turn, price: 0 });
  }
  expect((await checkBooks(database.url)).differences).toEqual([]);
  const { rows } = await database.pool.query(
    `SELECT id, state FROM x402_payments WHERE payer = $1
       AND (state IN ('claimed', 'due') OR concluded_at IS NULL OR next_attempt_at IS NOT NULL)`,
    [scene.payer],
  );
  expect(rows).toEqual([]);
}

it('keeps every rule of payments under random interleavings on two replicas', async () => {
  await fc.assert(fc.asyncProperty(interleaving, play), { numRuns: 40 });
});
