import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/base/ids.js';
import { isRefusal } from '../../../src/payments/ledger.js';
import { accountOfWallet } from '../../../src/payments/payer.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { granted, outcomeOf } from '../payments/ledger-fixture.js';
import {
  claimOf,
  newAddress,
  openPaymentBooks,
  REPEAT_MS,
  signedPayment,
  walletRequest,
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

const books = (index = 0): PaymentBooks => replicas[index % 2]!;

async function count(sql: string, ...values: unknown[]): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(`SELECT count(*)::int FROM ${sql}`, values);
  return rows[0]!.count;
}

describe('a claim', () => {
  it('makes the wallet, its account, the payment, the record and the hold, all of them', async () => {
    const payer = newAddress();
    const claim = claimOf(signedPayment(payer, { nonce: 2n ** 256n - 1n }), { available: 250n });
    const request = walletRequest(claim);
    const grant = granted(await books().ledger.hold(request));
    expect(grant).toMatchObject({
      accountId: `eip155:${payer}`,
      chainId: 43113,
      amount: 100n,
      budget: { limit: 250n, spent: 0n, held: 100n },
    });
    expect(grant.keyId).toMatch(/^wal_/);
    const { claimed: found } = await books().payments.look(claim.payment, claim.openKey, REPEAT_MS);
    expect(found).toEqual({
      ...claim.payment,
      id: claim.id,
      state: 'claimed',
      isUntold: false,
      accountId: accountOfWallet(payer),
      holdId: request.holdId,
      responseId: request.responseId,
      fingerprint: request.once!.fingerprint,
      onceKey: claim.id,
      amount: undefined,
      transactionHash: undefined,
      failure: undefined,
    });
    expect(await books().payments.findOpen(claim.openKey, REPEAT_MS)).toEqual(found);
    expect(await books().payments.findOpen(claim.openKey, REPEAT_MS, `eip155:${payer}`)).toEqual(found);
    expect(await books().payments.findOpen(claim.openKey, REPEAT_MS, 'eip155:other')).toBeUndefined();
  });

  it('is granted again to whoever does not know its outcome', async () => {
    const request = walletRequest(claimOf(signedPayment(newAddress())));
    const first = granted(await books(0).ledger.hold(request));
    expect(granted(await books(1).ledger.hold(request))).toEqual(first);
    expect(await count('x402_payments WHERE hold_id = $1', request.holdId)).toBe(1);
  });

  it('leaves nothing of a request that is refused', async () => {
    const payer = newAddress();
    const claim = claimOf(signedPayment(payer), { available: 99n });
    expect(await books().ledger.hold(walletRequest(claim))).toMatchObject({
      reason: 'insufficient_budget',
      required: 100n,
      remaining: 99n,
    });
    const lapsed = await openPaymentBooks(database.url);
    await lapsed.leases.end(lapsed.identity.id);
    expect(outcomeOf(await lapsed.ledger.hold(walletRequest(claimOf(signedPayment(payer)))))).toBe(
      'no_lease',
    );
    await lapsed.database.close();
    const first = walletRequest(claimOf(signedPayment(payer)));
    granted(await books().ledger.hold(first));
    const second = walletRequest(claimOf(signedPayment(payer)), { once: first.once });
    expect(outcomeOf(await books().ledger.hold(second))).toBe('once_taken');
    expect(await count('x402_payments WHERE payer = $1', payer)).toBe(1);
    expect(await count('idempotency_records WHERE account_id = $1', `eip155:${payer}`)).toBe(1);
  });

  it('stores records with the hold, and nothing for an account without room', async () => {
    const payer = newAddress();
    const record = {
      responseId: newId('resp'),
      status: 'in_progress' as const,
      model: 'sandbox/echo',
      previousResponseId: undefined,
      conversationId: undefined,
      background: false,
      streamed: false,
      requestJson: undefined,
      envelopeJson: '{}',
      input: [{ id: 'msg_1', json: '{"text":"hi"}' }],
      createdAtMs: Date.now(),
    };
    const claim = claimOf(signedPayment(payer));
    granted(await books().ledger.hold(walletRequest(claim, { responseId: record.responseId, record })));
    expect(await count('responses WHERE account_id = $1', `eip155:${payer}`)).toBe(1);
    await database.pool.query('UPDATE accounts SET max_stored_bytes = 0 WHERE id = $1', [`eip155:${payer}`]);
    const full = walletRequest(claimOf(signedPayment(payer)), {
      record: { ...record, responseId: newId('resp') },
    });
    expect(outcomeOf(await books().ledger.hold(full))).toBe('storage_full');
    expect(await count('x402_payments WHERE payer = $1', payer)).toBe(1);
    await expectSoundBooks(database.pool);
  });
});

describe('claims in parallel', () => {
  it('are won by one of twenty with the same nonce', async () => {
    const payment = signedPayment(newAddress());
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => books(index).ledger.hold(walletRequest(claimOf(payment)))),
    );
    expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1);
    expect(new Set(answers.map(outcomeOf))).toEqual(new Set(['granted 100', 'payment_claimed']));
  });

  it('are won by one of twenty for the same request, whatever their nonces and chains', async () => {
    const payer = newAddress();
    const openKey = 'the same request';
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const payment = signedPayment(payer, { chainId: 43113 + (index % 3) });
        return books(index).ledger.hold(walletRequest(claimOf(payment, { openKey })));
      }),
    );
    expect(answers.map(outcomeOf).sort()).toEqual([
      'granted 100',
      ...Array<string>(19).fill('payment_claimed'),
    ]);
  });

  it('never hold more than the balance, and all that it covers', async () => {
    const payer = newAddress();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        books(index).ledger.hold(walletRequest(claimOf(signedPayment(payer), { available: 650n }))),
      ),
    );
    expect(answers.map(outcomeOf).sort()).toEqual([
      ...Array<string>(14).fill('budget_held'),
      ...Array<string>(6).fill('granted 100'),
    ]);
    await expectSoundBooks(database.pool);
  });
});

describe('the limit of a wallet', () => {
  it('counts what was used and has not moved against the balance', async () => {
    const payer = newAddress();
    const first = walletRequest(claimOf(signedPayment(payer), { available: 150n }));
    const grant = granted(await books().ledger.hold(first));
    await books().ledger.settle(walletSettlement(first, grant, 60n));
    const again = (available: bigint, movedBefore = 0n) =>
      books().ledger.hold(walletRequest(claimOf(signedPayment(payer), { available, movedBefore })));
    expect(outcomeOf(await again(150n))).toBe('insufficient_budget');
    const due = await books().payments.conclude(first.holdId);
    await books().payments.complete(due!.id, { outcome: 'moved', transactionHash: '0x1' }, words);
    const { moved: movedBefore } = await books().payments.look(signedPayment(payer), '', REPEAT_MS);
    expect(movedBefore).toBe(60n);
    expect(outcomeOf(await again(90n, movedBefore))).toBe('insufficient_budget');
    expect(outcomeOf(await again(100n, movedBefore))).toBe('granted 100');
    // A wallet that was emptied meanwhile: what runs goes on, and nothing else begins.
    expect(outcomeOf(await again(0n, movedBefore))).toBe('budget_held');
  });
});
