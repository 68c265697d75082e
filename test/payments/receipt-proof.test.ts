import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jwsOf, proofOf } from '../../src/base/money/receipt-proof.js';
import type { Receipt } from '../../src/base/money/receipt.js';
import { fromStoredLine, storedLines, type StoredLine } from '../../src/base/money/stored-lines.js';
import { ReceiptSigner } from '../../src/payments/receipts/receipt-signer.js';

const amount = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const line = fc.record(
  {
    key: text,
    unit: text,
    quantity: fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    unitPriceUsd: text,
    amountWei: amount,
    savedWei: amount,
    estimated: fc.constant(true as const),
  },
  { requiredKeys: ['key', 'unit', 'quantity', 'unitPriceUsd', 'amountWei'] },
);
const receipts: fc.Arbitrary<Receipt> = fc.record(
  {
    id: text,
    type: fc.constant('compose.receipt' as const),
    finalAmountWei: amount,
    providerAmountWei: amount,
    platformFeeWei: amount,
    network: text,
    meterSubject: text,
    lineItems: fc.array(line, { maxLength: 6 }),
    cacheSavedWei: amount,
    responseId: text,
    requestId: text,
    account: text,
    settledAt: fc.integer({ min: 0, max: 8.64e15 }),
    settlementStatus: fc.constantFrom('settled' as const, 'pending' as const, 'failed' as const),
    txHash: text,
  },
  {
    requiredKeys: [
      ...(['id', 'type', 'finalAmountWei', 'providerAmountWei', 'platformFeeWei', 'network'] as const),
      ...(['meterSubject', 'lineItems', 'requestId', 'account', 'settledAt', 'settlementStatus'] as const),
    ],
  },
);

describe('the proof of a receipt', () => {
  const signers = Array.from(
    { length: 3 },
    () => new ReceiptSigner(generateKeyPairSync('ed25519').privateKey),
  );

  it('is 96 bytes, of which and of the receipt the signature is made again to the letter', () => {
    fc.assert(
      fc.property(receipts, fc.constantFrom(...signers), (receipt, signer) => {
        const signature = signer.sign(receipt);
        const proof = proofOf(signature);
        expect(proof).toHaveLength(96);
        expect(jwsOf(receipt, proof)).toBe(signature);
      }),
    );
  });

  it('makes another signature of a receipt that says something else', () => {
    fc.assert(
      fc.property(receipts, receipts, fc.constantFrom(...signers), (receipt, other, signer) => {
        fc.pre(signer.sign(receipt) !== signer.sign(other));
        const signature = signer.sign(receipt);
        expect(jwsOf(other, proofOf(signature))).not.toBe(signature);
      }),
    );
  });
});

it('keeps every line of a receipt, to the letter', () => {
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const stored = JSON.parse(storedLines(lines)) as readonly StoredLine[];
      expect(JSON.stringify(stored.map(fromStoredLine))).toBe(JSON.stringify(lines));
    }),
  );
});
