import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { HoldGrant, HoldRequest } from '../../../src/payments/ledger.js';
import type { PaymentClaim, SignedPayment } from '../../../src/payments/x402/payment.js';
import { PostgresIdempotencyStore } from '../../../src/storage/once/postgres-idempotency-store.js';
import { PostgresReceiptStore } from '../../../src/storage/receipts/postgres-receipt-store.js';
import { checkBooks } from '../../../src/storage/ledger/check-books.js';
import { expectSoundBooks } from '../../support/books.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { granted, outcomeOf } from '../payments/ledger-fixture.js';
import {
  claimOf,
  newAddress,
  newHash,
  openPaymentBooks,
  REPEAT_MS,
  signatureOf,
  signedPayment,
  walletRequest,
  walletSettlement,
  type PaymentBooks,
} from './payment-fixture.js';

let database: TestDatabase;
let books: PaymentBooks;
beforeAll(async () => {
  database = await createTestDatabase();
  books = await openPaymentBooks(database.url);
});
afterAll(async () => {
  await books.database.close();
  await database.drop();
});

interface Call {
  readonly claim: PaymentClaim;
  readonly request: HoldRequest;
  readonly grant: HoldGrant;
}

let payer: string;
beforeEach(() => {
  payer = newAddress();
});

async function call(more: Partial<SignedPayment> = {}): Promise<Call> {
  const claim = claimOf(signedPayment(payer, more));
  const request = walletRequest(claim);
  return { claim, request, grant: granted(await books.ledger.hold(request)) };
}

const settle = ({ request, grant }: Call, price: bigint, hash?: string) =>
  books.ledger.settle(walletSettlement(request, grant, price, hash));
const release = ({ request, grant }: Call) =>
  books.ledger.release({ holdId: request.holdId, keyId: grant.keyId });
const conclude = ({ request }: Call) => books.payments.conclude(request.holdId);
const moved = ({ claim }: Call, transactionHash = newHash()) =>
  books.payments.complete(claim.id, { outcome: 'moved', transactionHash }, signatureOf);
const failed = ({ claim }: Call) =>
  books.payments.complete(claim.id, { outcome: 'failed', reason: 'expired' }, signatureOf);
const open = ({ claim }: Call, repeatMs = REPEAT_MS) => books.payments.findOpen(claim.openKey, repeatMs);
const receiptOf = async ({ grant }: Call) =>
  (
    await new PostgresReceiptStore(books.database).page(grant.accountId, {
      limit: 10,
      order: 'asc',
      after: undefined,
    })
  ).receipts[0];
const keptOf = async ({ claim, grant }: Call) =>
  (await new PostgresIdempotencyStore(books.database).find(grant.accountId, claim.id))?.answer;

async function wallet({ grant }: Call): Promise<Readonly<Record<string, number>>> {
  const { rows } = await database.pool.query<Record<string, number>>(
    `SELECT budget_spent::int AS spent, budget_held::int AS held, moved::int FROM api_keys WHERE id = $1`,
    [grant.keyId],
  );
  return rows[0]!;
}

async function entries(like: string): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ entry: string }>(
    `SELECT regexp_replace(ledger_account, 'wal_.*', 'wal') || ' ' || amount AS entry FROM ledger_entries
     WHERE transaction_id = $1 ORDER BY 1`,
    [like],
  );
  return rows.map(({ entry }) => entry);
}

describe('upto', () => {
  it('charges what was used, which is pending until it has moved', async () => {
    const one = await call();
    expect(await settle(one, 60n)).toEqual({ outcome: 'settled', finalAmount: 60n, overrun: 0n });
    expect(await receiptOf(one)).toMatchObject({ settlementStatus: 'pending', finalAmountWei: '60' });
    expect(await conclude(one)).toMatchObject({ state: 'due', amount: 60n });
    expect(await conclude(one)).toMatchObject({ state: 'due', amount: 60n });
    expect(await wallet(one)).toEqual({ spent: 60, held: 0, moved: 0 });
    const hash = newHash();
    const { payment, receipt } = await moved(one, hash);
    expect(payment).toMatchObject({ state: 'settled', amount: 60n, transactionHash: hash });
    expect(receipt).toMatchObject({ settlementStatus: 'settled', txHash: hash });
    expect(await receiptOf(one)).toEqual(receipt);
    expect(await wallet(one)).toEqual({ spent: 60, held: 0, moved: 60 });
    expect(await entries(one.claim.id)).toEqual(['chain:eip155:43113 -60', 'paid:wal 60']);
    // Who did not hear of it writes it again, or something else: nothing changes any more.
    expect(await moved(one)).toEqual({ payment, receipt });
    expect(await failed(one)).toEqual({ payment, receipt });
    expect(await wallet(one)).toEqual({ spent: 60, held: 0, moved: 60 });
  });

  it('charges no more than was authorised', async () => {
    const one = await call();
    expect(await settle(one, 130n)).toEqual({ outcome: 'settled', finalAmount: 100n, overrun: 30n });
    expect(await receiptOf(one)).toMatchObject({
      finalAmountWei: '100',
      lineItems: [{ amountWei: '130' }, { key: 'overrun', amountWei: '-30' }],
    });
    expect(await conclude(one)).toMatchObject({ state: 'due', amount: 100n });
  });

  it('burns the nonce of what used nothing', async () => {
    const one = await call();
    await settle(one, 0n);
    expect(await receiptOf(one)).toMatchObject({ settlementStatus: 'settled', finalAmountWei: '0' });
    expect(await conclude(one)).toMatchObject({ state: 'burned', amount: 0n });
    const again = walletRequest(claimOf(one.claim.payment));
    expect(outcomeOf(await books.ledger.hold(again))).toBe('payment_claimed');
  });

  it('gives back what will never move', async () => {
    const one = await call();
    await settle(one, 60n);
    await conclude(one);
    const { payment, receipt } = await failed(one);
    expect(payment).toMatchObject({ state: 'failed', failure: 'expired' });
    expect(receipt).toMatchObject({ settlementStatus: 'failed' });
    expect(await wallet(one)).toEqual({ spent: 0, held: 0, moved: 0 });
    expect(await entries(`${one.claim.id}:unpaid`)).toEqual(['key:wal 60', 'operator:unpaid -60']);
    expect(await moved(one)).toEqual({ payment, receipt });
    expect(await open(one)).toBeUndefined();
  });
});

describe('exact', () => {
  it('charges the whole amount, with a line for what was not used', async () => {
    const one = await call({ scheme: 'exact', method: 'eip3009' });
    expect(await settle(one, 60n)).toEqual({ outcome: 'settled', finalAmount: 100n, overrun: -40n });
    const receipt = await receiptOf(one);
    expect(receipt).toMatchObject({
      finalAmountWei: '100',
      lineItems: [{ amountWei: '60' }, { key: 'unused_prepayment', amountWei: '40' }],
    });
    expect(await entries(receipt!.id)).toEqual([
      'key:wal -100',
      'platform:unused_prepayment 40',
      'provider:sandbox 60',
    ]);
    expect(await settle(one, 60n)).toMatchObject({ outcome: 'ended_before', overrun: 0n });
    expect(await conclude(one)).toMatchObject({ state: 'due', amount: 100n });
  });

  it('that has moved before the end is settled at once', async () => {
    const one = await call({ scheme: 'exact' });
    const hash = newHash();
    expect(await books.payments.startMoving(one.claim.id, 100n)).toBe(true);
    expect(await books.payments.startMoving(one.claim.id, 100n)).toBe(false);
    expect(await moved(one, hash)).toEqual({
      payment: expect.objectContaining({ state: 'settled', transactionHash: hash }) as unknown,
      receipt: undefined,
    });
    await settle(one, 60n, hash);
    expect(await receiptOf(one)).toMatchObject({ settlementStatus: 'settled', txHash: hash });
    expect(await conclude(one)).toMatchObject({ state: 'settled' });
    expect(await wallet(one)).toEqual({ spent: 100, held: 0, moved: 100 });
  });

  it('tells a receipt that was written in ignorance of the movement', async () => {
    const one = await call({ scheme: 'exact' });
    await books.payments.startMoving(one.claim.id, 100n);
    await moved(one, '0xearly');
    await settle(one, 60n);
    expect(await receiptOf(one)).toMatchObject({ settlementStatus: 'pending' });
    expect(await conclude(one)).toMatchObject({ state: 'settled' });
    const due = await books.payments.takeDue(100, 60_000);
    expect(due).toContainEqual(expect.objectContaining({ id: one.claim.id }));
    await moved(one, '0xearly');
    expect(await receiptOf(one)).toMatchObject({ settlementStatus: 'settled', txHash: '0xearly' });
    expect(await wallet(one)).toEqual({ spent: 100, held: 0, moved: 100 });
  });

  it('that has moved for nothing is owed to the wallet until it is paid back', async () => {
    const one = await call({ scheme: 'exact' });
    await books.payments.startMoving(one.claim.id, 100n);
    await release(one);
    expect(await conclude(one)).toMatchObject({ state: 'due' });
    await moved(one);
    for (let time = 0; time < 2; time += 1) expect(await conclude(one)).toMatchObject({ state: 'settled' });
    expect(await wallet(one)).toEqual({ spent: 0, held: 0, moved: 0 });
    expect(await entries(`${one.claim.id}:refund_due`)).toEqual(['paid:wal -100', 'refund_due:wal 100']);
    expect(await open(one)).toBeUndefined();
    const owed = () =>
      database.pool.query('SELECT amount FROM admin.refunds_due WHERE payment_id = $1', [one.claim.id]);
    expect((await owed()).rows).toEqual([{ amount: '100' }]);
    const note = async () =>
      (await database.pool.query('SELECT note_x402_refund($1, $2) AS noted', [one.claim.id, newHash()])).rows;
    expect([await note(), await note()]).toEqual([[{ noted: true }], [{ noted: false }]]);
    expect((await owed()).rows).toEqual([]);
    expect(await entries(`${one.claim.id}:refund`)).toEqual([
      'chain:eip155:43113 100',
      'refund_due:wal -100',
    ]);
  });
});

describe('a call without a charge', () => {
  it('leaves nothing of its payment, whose signature may come again', async () => {
    const one = await call();
    await release(one);
    expect(await conclude(one)).toBeUndefined();
    expect(await conclude(one)).toBeUndefined();
    expect(outcomeOf(await books.ledger.hold(walletRequest(claimOf(one.claim.payment))))).toBe('granted 100');
  });

  it('is left alone while it runs', async () => {
    const one = await call();
    expect(await conclude(one)).toMatchObject({ state: 'claimed' });
    expect(await moved(one)).toMatchObject({ payment: { state: 'claimed' } });
    expect(await books.payments.unconcluded(100)).not.toContainEqual(
      expect.objectContaining({ id: one.claim.id }),
    );
    await release(one);
    expect(await books.payments.unconcluded(100)).toContainEqual(
      expect.objectContaining({ id: one.claim.id }),
    );
    expect(await books.payments.startMoving(one.claim.id, 100n)).toBe(false);
    await conclude(one);
  });
});

describe('a request that is signed again', () => {
  const again = (one: Call) =>
    books.ledger.hold(
      walletRequest(claimOf(signedPayment(payer), { openKey: one.claim.openKey, movedBefore: 1_000n })),
    );

  it('buys nothing until the answer to the first one was delivered, or some time has passed', async () => {
    const one = await call();
    expect(outcomeOf(await again(one))).toBe('payment_claimed');
    await settle(one, 60n);
    await conclude(one);
    await books.payments.delivered(one.claim.id);
    expect(outcomeOf(await again(one))).toBe('payment_claimed');
    await moved(one);
    expect(await open(one)).toBeUndefined();
    expect(outcomeOf(await again(one))).toBe('granted 100');
  });

  it('buys when nobody has fetched the first answer for long', async () => {
    const one = await call();
    await settle(one, 60n);
    await conclude(one);
    await moved(one);
    expect(await open(one)).toMatchObject({ id: one.claim.id });
    expect(outcomeOf(await again(one))).toBe('payment_claimed');
    await database.pool.query(
      `UPDATE x402_payments SET settled_at = now() - interval '11 minutes', concluded_at = now() - interval '12 minutes'
       WHERE id = $1`,
      [one.claim.id],
    );
    expect(await open(one)).toBeUndefined();
    expect(outcomeOf(await again(one))).toBe('granted 100');
  });
});

describe('the kept answer', () => {
  it('shows the new receipt and the payment', async () => {
    const one = await call();
    await settle(one, 60n);
    await conclude(one);
    const { payment, receipt } = await moved(one);
    const kept = await keptOf(one);
    if (typeof kept !== 'object') throw new Error(`the answer is ${kept}`);
    expect(JSON.parse(kept.content)).toEqual({ text: 'hello', compose_receipt: receipt });
    expect(JSON.parse(Buffer.from(kept.headers['X-Compose-Receipt']!, 'base64url').toString())).toEqual(
      receipt,
    );
    expect(JSON.parse(Buffer.from(kept.headers['PAYMENT-RESPONSE']!, 'base64').toString())).toEqual({
      success: true,
      transaction: payment.transactionHash,
      network: 'eip155:43113',
      payer: payer.toUpperCase().replace('0X', '0x'),
      amount: '60',
    });
  });

  it('does not come back when its client has deleted it', async () => {
    const one = await call();
    await settle(one, 60n);
    await database.pool.query(
      `UPDATE idempotency_records SET kind = 'erased', headers = NULL, content = NULL WHERE hold_id = $1`,
      [one.request.holdId],
    );
    await conclude(one);
    await moved(one);
    expect(await keptOf(one)).toBe('erased');
  });
});

describe('payments that are due', () => {
  it('are taken by one worker at a time', async () => {
    const calls = await Promise.all(Array.from({ length: 5 }, () => call()));
    for (const one of calls) await settle(one, 60n);
    for (const one of calls) await conclude(one);
    const ids = calls.map(({ claim }) => claim.id);
    const own = async (limit: number) =>
      (await books.payments.takeDue(limit, 60_000)).filter(({ id }) => ids.includes(id));
    expect(await own(100)).toEqual([]);
    await database.pool.query('UPDATE x402_payments SET next_attempt_at = now() WHERE id = ANY ($1)', [ids]);
    const taken = (await Promise.all([own(3), own(100), own(100)])).flat();
    expect(taken.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(await own(100)).toEqual([]);
    for (const one of calls) await moved(one);
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
