import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkBooks } from '../../../src/storage/ledger/check-books.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { outcomeOf } from '../payments/ledger-fixture.js';
import {
  claimOf,
  newHash,
  openPaymentBooks,
  signedPayment,
  walletRequest,
  words,
  type PaymentBooks,
} from './payment-fixture.js';
import { WalletCalls, type Call } from './wallet-calls.js';

let database: TestDatabase;
let books: PaymentBooks;
let calls: WalletCalls;
beforeAll(async () => {
  database = await createTestDatabase();
  books = await openPaymentBooks(database.url);
});
beforeEach(() => {
  calls = new WalletCalls(books);
});
afterAll(async () => {
  await books.database.close();
  await database.drop();
});

describe('a request that is signed again', () => {
  const again = (one: Call) =>
    books.ledger.hold(
      walletRequest(claimOf(signedPayment(calls.payer), { openKey: one.claim.openKey, movedBefore: 1_000n })),
    );

  it('buys nothing until the answer to the first one was delivered, or some time has passed', async () => {
    const one = await calls.call();
    expect(outcomeOf(await again(one))).toBe('payment_claimed');
    await calls.settle(one, 60n);
    await calls.conclude(one);
    await books.payments.delivered(one.claim.id);
    expect(outcomeOf(await again(one))).toBe('payment_claimed');
    await calls.moved(one);
    // What was sent before that told of an unknown outcome: it was no answer.
    expect(await calls.open(one)).toMatchObject({ id: one.claim.id });
    await books.payments.delivered(one.claim.id);
    expect(await calls.open(one)).toBeUndefined();
    expect(outcomeOf(await again(one))).toBe('granted 100');
  });

  it('buys when nobody has fetched the first answer for long', async () => {
    const one = await calls.call();
    await calls.settle(one, 60n);
    await calls.conclude(one);
    await calls.moved(one);
    expect(await calls.open(one)).toMatchObject({ id: one.claim.id });
    expect(outcomeOf(await again(one))).toBe('payment_claimed');
    await database.pool.query(
      `UPDATE x402_payments SET settled_at = now() - interval '11 minutes', concluded_at = now() - interval '12 minutes'
       WHERE id = $1`,
      [one.claim.id],
    );
    expect(await calls.open(one)).toBeUndefined();
    expect(outcomeOf(await again(one))).toBe('granted 100');
  });
});

describe('the kept answer', () => {
  it('shows the new receipt and the payment', async () => {
    const one = await calls.call();
    await calls.settle(one, 60n);
    await calls.conclude(one);
    const { payment, receipt } = await calls.moved(one);
    const kept = await calls.keptOf(one);
    if (typeof kept !== 'object') throw new Error(`the answer is ${kept}`);
    expect(JSON.parse(kept.content)).toEqual({ text: 'hello', compose_receipt: receipt });
    expect(JSON.parse(Buffer.from(kept.headers['X-Compose-Receipt']!, 'base64url').toString())).toEqual(
      receipt,
    );
    expect(kept.headers['PAYMENT-RESPONSE']).toBe(await words.response(payment));
  });

  it('does not come back when its client has deleted it', async () => {
    const one = await calls.call();
    await calls.settle(one, 60n);
    await database.pool.query(
      `UPDATE idempotency_records SET kind = 'erased', headers = NULL, content = NULL WHERE hold_id = $1`,
      [one.request.holdId],
    );
    await calls.conclude(one);
    await calls.moved(one);
    expect(await calls.keptOf(one)).toBe('erased');
  });
});

describe('payments that are due', () => {
  it('stay with the workers when a process dies before it has written the receipt', async () => {
    const one = await calls.call();
    await calls.settle(one, 60n);
    await calls.conclude(one);
    const movement = { outcome: 'moved', transactionHash: newHash() } as const;
    const dying = books.payments.complete(one.claim.id, movement, {
      ...words,
      response: () => Promise.reject(new Error('killed')),
    });
    await expect(dying).rejects.toThrow('killed');
    expect(await calls.receiptOf(one)).toMatchObject({ settlementStatus: 'pending' });
    expect((await checkBooks(database.url)).differences).toEqual([]);
    // The kept answer still tells of an unknown outcome: whoever was sent it has to come back, and is not to buy again.
    await books.payments.delivered(one.claim.id);
    expect(await calls.open(one)).toMatchObject({ id: one.claim.id, state: 'settled', isUntold: true });

    await database.pool.query('UPDATE x402_payments SET next_attempt_at = now() WHERE id = $1', [
      one.claim.id,
    ]);
    const [due] = await books.payments.takeDue(1, 60_000);
    expect(due).toMatchObject({ id: one.claim.id, state: 'settled', isUntried: true });
    await books.payments.complete(one.claim.id, movement, words);
    expect(await calls.receiptOf(one)).toMatchObject({
      settlementStatus: 'settled',
      txHash: movement.transactionHash,
    });
    expect(await calls.open(one)).toMatchObject({ id: one.claim.id, isUntold: false });
    expect(await calls.wallet(one)).toEqual({ spent: 60, held: 0, moved: 60 });
  });

  it('are taken by one worker at a time', async () => {
    const those = await Promise.all(Array.from({ length: 5 }, () => calls.call()));
    for (const one of those) await calls.settle(one, 60n);
    for (const one of those) await calls.conclude(one);
    const ids = those.map(({ claim }) => claim.id);
    const own = async (limit: number) =>
      (await books.payments.takeDue(limit, 60_000)).filter(({ id }) => ids.includes(id));
    expect(await own(100)).toEqual([]);
    await database.pool.query('UPDATE x402_payments SET next_attempt_at = now() WHERE id = ANY ($1)', [ids]);
    const taken = (await Promise.all([own(3), own(100), own(100)])).flat();
    expect(taken.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(await own(100)).toEqual([]);
    for (const one of those) await calls.moved(one);
    await database.pool.query(
      'UPDATE x402_payments SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL',
    );
    expect(await own(100)).toEqual([]);
  });
});

it('leaves books in which everything adds up', async () => {
  await expectSoundBooks(database.pool);
  expect((await checkBooks(database.url)).differences).toEqual([]);
});
