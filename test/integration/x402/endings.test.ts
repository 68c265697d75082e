import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkBooks } from '../../../src/storage/ledger/check-books.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { outcomeOf } from '../payments/ledger-fixture.js';
import { claimOf, newHash, openPaymentBooks, walletRequest, type PaymentBooks } from './payment-fixture.js';
import { WalletCalls } from './wallet-calls.js';

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

describe('upto', () => {
  it('charges what was used, which is pending until it has moved', async () => {
    const one = await calls.call();
    expect(await calls.settle(one, 60n)).toEqual({ outcome: 'settled', finalAmount: 60n, overrun: 0n });
    expect(await calls.receiptOf(one)).toMatchObject({ settlementStatus: 'pending', finalAmountWei: '60' });
    expect(await calls.conclude(one)).toMatchObject({ state: 'due', amount: 60n });
    expect(await calls.conclude(one)).toMatchObject({ state: 'due', amount: 60n });
    expect(await calls.wallet(one)).toEqual({ spent: 60, held: 0, moved: 0 });
    const hash = newHash();
    const { payment, receipt } = await calls.moved(one, hash);
    expect(payment).toMatchObject({ state: 'settled', amount: 60n, transactionHash: hash });
    expect(receipt).toMatchObject({ settlementStatus: 'settled', txHash: hash });
    expect(await calls.receiptOf(one)).toEqual(receipt);
    expect(await calls.wallet(one)).toEqual({ spent: 60, held: 0, moved: 60 });
    expect(await calls.entries(one.claim.id)).toEqual(['chain:eip155:43113 -60', 'paid:wal 60']);
    // Who did not hear of it writes it again, or something else: nothing changes any more.
    expect(await calls.moved(one)).toEqual({ payment, receipt });
    expect(await calls.failed(one)).toEqual({ payment, receipt });
    expect(await calls.wallet(one)).toEqual({ spent: 60, held: 0, moved: 60 });
  });

  it('charges no more than was authorised', async () => {
    const one = await calls.call();
    expect(await calls.settle(one, 130n)).toEqual({ outcome: 'settled', finalAmount: 100n, overrun: 30n });
    expect(await calls.receiptOf(one)).toMatchObject({
      finalAmountWei: '100',
      lineItems: [{ amountWei: '130' }, { key: 'overrun', amountWei: '-30' }],
    });
    expect(await calls.conclude(one)).toMatchObject({ state: 'due', amount: 100n });
  });

  it('burns the nonce of what used nothing', async () => {
    const one = await calls.call();
    await calls.settle(one, 0n);
    expect(await calls.receiptOf(one)).toMatchObject({ settlementStatus: 'settled', finalAmountWei: '0' });
    expect(await calls.conclude(one)).toMatchObject({ state: 'burned', amount: 0n });
    const again = walletRequest(claimOf(one.claim.payment));
    expect(outcomeOf(await books.ledger.hold(again))).toBe('payment_claimed');
  });

  it('gives back what will never move', async () => {
    const one = await calls.call();
    await calls.settle(one, 60n);
    await calls.conclude(one);
    const { payment, receipt } = await calls.failed(one);
    expect(payment).toMatchObject({ state: 'failed', failure: 'expired' });
    expect(receipt).toMatchObject({ settlementStatus: 'failed' });
    expect(await calls.wallet(one)).toEqual({ spent: 0, held: 0, moved: 0 });
    expect(await calls.entries(`${one.claim.id}:unpaid`)).toEqual(['key:wal 60', 'operator:unpaid -60']);
    expect(await calls.moved(one)).toEqual({ payment, receipt });
    expect(await calls.open(one)).toBeUndefined();
  });
});

describe('exact', () => {
  it('charges the whole amount, with a line for what was not used', async () => {
    const one = await calls.call({ scheme: 'exact', method: 'eip3009' });
    expect(await calls.settle(one, 60n)).toEqual({ outcome: 'settled', finalAmount: 100n, overrun: -40n });
    const receipt = await calls.receiptOf(one);
    expect(receipt).toMatchObject({
      finalAmountWei: '100',
      lineItems: [{ amountWei: '60' }, { key: 'unused_prepayment', amountWei: '40' }],
    });
    expect(await calls.entries(receipt!.id)).toEqual([
      'key:wal -100',
      'platform:unused_prepayment 40',
      'provider:sandbox 60',
    ]);
    expect(await calls.settle(one, 60n)).toMatchObject({ outcome: 'ended_before', overrun: 0n });
    expect(await calls.conclude(one)).toMatchObject({ state: 'due', amount: 100n });
  });

  it('that has moved before the end is settled at once', async () => {
    const one = await calls.call({ scheme: 'exact' });
    const hash = newHash();
    expect(await books.payments.startMoving(one.claim.id, 100n)).toMatchObject({
      state: 'due',
      amount: 100n,
    });
    expect(await books.payments.startMoving(one.claim.id, 100n)).toMatchObject({ state: 'due' });
    expect(await calls.moved(one, hash)).toEqual({
      payment: expect.objectContaining({ state: 'settled', transactionHash: hash }) as unknown,
      receipt: undefined,
    });
    await calls.settle(one, 60n, hash);
    expect(await calls.receiptOf(one)).toMatchObject({ settlementStatus: 'settled', txHash: hash });
    expect(await calls.conclude(one)).toMatchObject({ state: 'settled' });
    expect(await calls.wallet(one)).toEqual({ spent: 100, held: 0, moved: 100 });
  });

  it('tells a receipt that was written in ignorance of the movement', async () => {
    const one = await calls.call({ scheme: 'exact' });
    await books.payments.startMoving(one.claim.id, 100n);
    await calls.moved(one, '0xearly');
    await calls.settle(one, 60n);
    expect(await calls.receiptOf(one)).toMatchObject({ settlementStatus: 'pending' });
    expect(await calls.conclude(one)).toMatchObject({ state: 'settled' });
    const due = await books.payments.takeDue(100, 60_000);
    expect(due).toContainEqual(expect.objectContaining({ id: one.claim.id }));
    await calls.moved(one, '0xearly');
    expect(await calls.receiptOf(one)).toMatchObject({ settlementStatus: 'settled', txHash: '0xearly' });
    expect(await calls.wallet(one)).toEqual({ spent: 100, held: 0, moved: 100 });
  });

  it('that has moved for nothing is owed to the wallet until it is paid back', async () => {
    const one = await calls.call({ scheme: 'exact' });
    await books.payments.startMoving(one.claim.id, 100n);
    await calls.release(one);
    expect(await calls.conclude(one)).toMatchObject({ state: 'due' });
    await calls.moved(one);
    for (let time = 0; time < 2; time += 1)
      expect(await calls.conclude(one)).toMatchObject({ state: 'settled' });
    expect(await calls.wallet(one)).toEqual({ spent: 0, held: 0, moved: 0 });
    expect(await calls.entries(`${one.claim.id}:refund_due`)).toEqual([
      'paid:wal -100',
      'refund_due:wal 100',
    ]);
    expect(await calls.open(one)).toBeUndefined();
    const owed = () =>
      database.pool.query('SELECT amount FROM admin.refunds_due WHERE payment_id = $1', [one.claim.id]);
    expect((await owed()).rows).toEqual([{ amount: '100' }]);
    const note = async (): Promise<boolean | undefined> => {
      const { rows } = await database.pool.query<{ noted: boolean }>(
        'SELECT note_x402_refund($1, $2) AS noted',
        [one.claim.id, newHash()],
      );
      return rows[0]?.noted;
    };
    expect([await note(), await note()]).toEqual([true, false]);
    expect((await owed()).rows).toEqual([]);
    expect(await calls.entries(`${one.claim.id}:refund`)).toEqual([
      'chain:eip155:43113 100',
      'refund_due:wal -100',
    ]);
  });
});

describe('a call without a charge', () => {
  it('leaves nothing of its payment, whose signature may come again', async () => {
    const one = await calls.call();
    await calls.release(one);
    expect(await calls.conclude(one)).toBeUndefined();
    expect(await calls.conclude(one)).toBeUndefined();
    expect(outcomeOf(await books.ledger.hold(walletRequest(claimOf(one.claim.payment))))).toBe('granted 100');
  });

  it('is left alone while it runs', async () => {
    const one = await calls.call();
    expect(await calls.conclude(one)).toMatchObject({ state: 'claimed' });
    expect(await calls.moved(one)).toMatchObject({ payment: { state: 'claimed' } });
    expect(await books.payments.unconcluded(100)).not.toContainEqual(
      expect.objectContaining({ id: one.claim.id }),
    );
    await calls.release(one);
    expect(await books.payments.unconcluded(100)).toContainEqual(
      expect.objectContaining({ id: one.claim.id }),
    );
    expect(await books.payments.startMoving(one.claim.id, 100n)).toBeUndefined();
    await calls.conclude(one);
  });
});

it('leaves books in which everything adds up', async () => {
  await expectSoundBooks(database.pool);
  expect((await checkBooks(database.url)).differences).toEqual([]);
});
