import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { receiptInBody } from '../../../src/base/money/receipt-json.js';
import type { Receipt } from '../../../src/base/money/receipt.js';
import { composeReceipt } from '../../../src/payments/with-receipts.js';
import { NamedStatement } from '../../../src/storage/named-statement.js';
import { CHANGING_ANSWER, receiptChange } from '../../../src/storage/x402/changed-answer.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const wei = fc.nat().map(String);
const pending: fc.Arbitrary<Receipt> = fc.record(
  {
    id: fc.stringMatching(/^rct_[0-9a-z]{32}$/),
    type: fc.constant('compose.receipt' as const),
    finalAmountWei: wei,
    providerAmountWei: wei,
    platformFeeWei: wei,
    network: fc.constant('eip155:43113'),
    meterSubject: fc.string({ unit: 'grapheme' }),
    lineItems: fc.array(
      fc.record({
        key: fc.string(),
        unit: fc.string(),
        quantity: fc.nat(),
        unitPriceUsd: wei,
        amountWei: wei,
      }),
      { maxLength: 3 },
    ),
    responseId: fc.string({ minLength: 1 }),
    requestId: fc.string({ unit: 'grapheme' }),
    account: fc.string(),
    settledAt: fc.nat(),
    settlementStatus: fc.constant('pending' as const),
    signature: fc.stringMatching(/^[A-Za-z0-9_-]{40}\.[$&A-Za-z0-9_-]{40}\.[A-Za-z0-9_-]{86}$/),
  },
  {
    noNullPrototype: true,
    requiredKeys: [
      'id',
      'type',
      'finalAmountWei',
      'providerAmountWei',
      'platformFeeWei',
      'network',
      'meterSubject',
      'lineItems',
      'requestId',
      'account',
      'settledAt',
      'settlementStatus',
      'signature',
    ],
  },
);
const header = (receipt: Receipt) => Buffer.from(JSON.stringify(receipt)).toString('base64url');
const settled = (receipt: Receipt): Receipt => ({
  ...receipt,
  settlementStatus: 'settled',
  txHash: "0x$&$1$'",
  signature: 'anew',
});
// PostgreSQL has no texts with this character, and headers have it neither.
const text = fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0'));
const RUNS = { numRuns: 50 };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string;
}
const changing = new NamedStatement('changing_answer', CHANGING_ANSWER);

/** What is kept of the answer when its receipt has changed. */
async function changed(
  { headers, content }: Answer,
  old: Receipt,
  { kind = 'whole', isByUse = true, told = '{}' } = {},
): Promise<Answer> {
  await database.pool.query('DELETE FROM idempotency_records');
  await database.pool.query(
    `INSERT INTO idempotency_records (account_id, key, fingerprint, hold_id, kind, status, headers, content)
     VALUES ('a', 'k', 'f', 'h', $1, 200, $2, $3)`,
    [kind, JSON.stringify(headers), content],
  );
  const change = receiptChange(old, settled(old));
  await database.pool.query(changing.with({ ...change, isByUse, told, holdId: 'h' }));
  const { rows } = await database.pool.query<Answer>('SELECT headers, content FROM idempotency_records');
  return rows[0]!;
}

describe('an answer whose receipt has changed', () => {
  it('is the answer that would have been kept with the new receipt', async () => {
    await fc.assert(
      fc.asyncProperty(pending, text, text, async (old, before, after) => {
        const answerWith = (receipt: Receipt) => ({
          headers: { 'content-type': before, 'X-Compose-Receipt': header(receipt) },
          content:
            `${before}{"compose_receipt":${JSON.stringify(receiptInBody(receipt))}}` +
            `${composeReceipt(receipt)}${after}`,
        });
        expect(await changed(answerWith(old), old)).toEqual(answerWith(settled(old)));
      }),
      RUNS,
    );
  });

  it('is the same answer where it did not show the receipt', async () => {
    await fc.assert(
      fc.asyncProperty(pending, pending, text, async (old, other, content) => {
        fc.pre(old.signature !== other.signature);
        const answer = { headers: { a: header(other) }, content: content + JSON.stringify(other) };
        expect(await changed(answer, old)).toEqual(answer);
      }),
      RUNS,
    );
  });

  it('tells of the payment in its headers, but in a stream by use', async () => {
    const [old] = fc.sample(pending, 1);
    const told = JSON.stringify({ 'PAYMENT-RESPONSE': 'paid' });
    const headersOf = async (kind: string, isByUse: boolean) =>
      (await changed({ headers: { a: 'b' }, content: '' }, old!, { kind, isByUse, told })).headers;
    for (const [kind, isByUse] of [
      ['whole', true],
      ['whole', false],
      ['stream', false],
    ] as const)
      expect(await headersOf(kind, isByUse)).toEqual({ a: 'b', 'PAYMENT-RESPONSE': 'paid' });
    expect(await headersOf('stream', true)).toEqual({ a: 'b' });
  });
});
