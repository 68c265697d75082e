import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { receiptInBody } from '../../src/base/money/receipt-json.js';
import type { Receipt } from '../../src/base/money/receipt.js';
import { composeReceipt } from '../../src/payments/with-receipts.js';
import { withReceiptChanged } from '../../src/storage/x402/changed-answer.js';

const wei = fc.nat().map(String);
const pending: fc.Arbitrary<Receipt> = fc.record(
  {
    id: fc.stringMatching(/^rct_[0-9a-f]{32}$/),
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
const text = fc.string({ unit: 'grapheme' });

describe('an answer whose receipt has changed', () => {
  it('is the answer that would have been kept with the new receipt', () => {
    fc.assert(
      fc.property(pending, text, text, (old, before, after) => {
        const now = settled(old);
        const answerWith = (receipt: Receipt) => ({
          headers: { 'content-type': before, 'X-Compose-Receipt': header(receipt) },
          content:
            `${before}{"compose_receipt":${JSON.stringify(receiptInBody(receipt))}}` +
            `${composeReceipt(receipt)}${after}`,
        });
        expect(withReceiptChanged(answerWith(old), old, now)).toEqual(answerWith(now));
      }),
    );
  });

  it('is the same answer where it did not show the receipt', () => {
    fc.assert(
      fc.property(pending, pending, text, (old, other, content) => {
        fc.pre(old.signature !== other.signature);
        const answer = { headers: { a: header(other) }, content: content + JSON.stringify(other) };
        expect(withReceiptChanged(answer, old, settled(old))).toEqual(answer);
      }),
    );
  });
});
