import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../src/base/json.js';
import { canonicalJson } from '../../src/base/money/canonical-json.js';
import { receiptInBody } from '../../src/base/money/receipt-json.js';
import type { LineItem, Receipt } from '../../src/base/money/receipt.js';
import { ReceiptSigner } from '../../src/payments/receipts/receipt-signer.js';
import { verifyReceipt } from '../../src/payments/receipts/verify-receipt.js';

const { privateKey } = generateKeyPairSync('ed25519');
const signer = new ReceiptSigner(privateKey);
const otherSigner = new ReceiptSigner(generateKeyPairSync('ed25519').privateKey);

const jwkOf = ({ publicKey }: ReceiptSigner): JsonObject => ({ kty: 'OKP', crv: 'Ed25519', ...publicKey });
const keys = [jwkOf(otherSigner), { kty: 'RSA', kid: 'another' }, jwkOf(signer)];

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', '"', '\\u0000'),
);
const amount = fc.bigInt({ min: 0n, max: 10n ** 24n }).map(String);
const lineItem: fc.Arbitrary<LineItem> = fc.record(
  {
    key: fc.constantFrom('input_tokens', 'output_tokens', 'overrun'),
    unit: text,
    quantity: fc.nat(),
    unitPriceUsd: fc.constantFrom('0', '0.000001', '2.5'),
    amountWei: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
    estimated: fc.constant(true as const),
    savedWei: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  },
  { requiredKeys: ['key', 'unit', 'quantity', 'unitPriceUsd', 'amountWei'] },
);
const anyReceipt: fc.Arbitrary<Receipt> = fc.record(
  {
    id: text,
    type: fc.constant('compose.receipt' as const),
    finalAmountWei: amount,
    providerAmountWei: amount,
    platformFeeWei: amount,
    cacheSavedWei: amount,
    network: fc.nat().map((chain) => `eip155:${chain}`),
    meterSubject: text,
    lineItems: fc.array(lineItem, { maxLength: 4 }),
    responseId: text,
    requestId: text,
    account: text,
    settledAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    settlementStatus: fc.constantFrom('settled' as const, 'pending' as const, 'failed' as const),
    txHash: text,
  },
  {
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
    ],
  },
);

/** As it comes over the wire. */
function signed(receipt: Receipt): { readonly event: JsonObject; readonly body: JsonObject } {
  const whole = { ...receipt, signature: signer.sign(receipt) };
  return { event: throughJson(whole), body: throughJson(receiptInBody(whole)) };
}

const throughJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

const example: Receipt = {
  id: 'rct_1',
  type: 'compose.receipt',
  finalAmountWei: '6060',
  providerAmountWei: '6000',
  platformFeeWei: '60',
  network: 'eip155:43113',
  meterSubject: 'openai:gpt-5.5',
  lineItems: [
    { key: 'input_tokens', unit: 'usd_per_1m_tokens', quantity: 1000, unitPriceUsd: '2', amountWei: '2000' },
    { key: 'output_tokens', unit: 'usd_per_1m_tokens', quantity: 500, unitPriceUsd: '8', amountWei: '4000' },
  ],
  responseId: 'resp_1',
  requestId: 'req_1',
  account: 'acme',
  settledAt: 1_795_363_401_382,
  settlementStatus: 'settled',
};

/** Every object that differs from a receipt in one leaf, one name, one field or one line. */
function* forgeries(value: unknown): Generator {
  if (Array.isArray(value)) {
    yield [...(value as unknown[]), { key: 'input_tokens' }];
    if (value.length > 0) yield value.slice(1);
    if (value.length > 1) yield [...(value as unknown[])].reverse();
    for (const [index, element] of (value as unknown[]).entries()) {
      for (const forged of forgeries(element)) yield (value as unknown[]).with(index, forged);
    }
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, added: 1 };
    yield { ...value, added: null };
    yield { ...value, added: { some_name: 1, someName: 2 } };
    const fields: [string, unknown][] = Object.entries(value);
    for (const [name, field] of fields) {
      if (name === 'signature') continue;
      const rest = Object.fromEntries(fields.filter((entry) => entry[0] !== name));
      yield rest;
      yield { ...rest, [`${name}2`]: field };
      yield { ...rest, [name]: null };
      yield { ...value, [name.replace(/[A-Z]|_[a-z]/, (part) => other(part))]: 'another' };
      for (const forged of forgeries(field)) yield { ...value, [name]: forged };
    }
  } else if (typeof value === 'string') {
    yield `${value}0`;
    if (/^\d+$/.test(value)) yield Number(value);
  } else if (typeof value === 'number') {
    yield value + 1;
    yield String(value);
  } else yield !value;
}

/** The same name in the other form; a name of one word stays. */
function other(part: string): string {
  return part.startsWith('_') ? part.slice(1).toUpperCase() : `_${part.toLowerCase()}`;
}

describe('verifyReceipt', () => {
  it('accepts whatever the gateway signs, in both forms, and tells what was signed', () => {
    fc.assert(
      fc.property(anyReceipt, (receipt) => {
        const { event, body } = signed(receipt);
        const { signature: _, ...content } = event;
        expect(verifyReceipt(event, keys)).toEqual({ receipt: content });
        expect(verifyReceipt(body, keys)).toEqual({ receipt: content });
      }),
      { numRuns: 200 },
    );
  });

  it('accepts fields in any order', () => {
    const { event } = signed(example);
    expect(verifyReceipt(Object.fromEntries(Object.entries(event).reverse()), keys)).toHaveProperty(
      'receipt',
    );
  });

  it('refuses every receipt that says anything else than what was signed', () => {
    for (const whole of Object.values(signed(example))) {
      for (const forged of forgeries(whole)) {
        if (JSON.stringify(forged) === JSON.stringify(whole)) continue;
        expect([forged, verifyReceipt(forged as JsonObject, keys)]).toEqual([
          forged,
          { problem: 'the signature is genuine, but of a receipt that says something else' },
        ]);
      }
    }
  });

  it('refuses another receipt’s signature', () => {
    const { event } = signed(example);
    const cheaper = signed({ ...example, finalAmountWei: '1' });
    expect(verifyReceipt({ ...event, signature: cheaper.event['signature'] }, keys)).toHaveProperty(
      'problem',
    );
  });

  it('refuses a key that is not in the set, or that only has its name', () => {
    const { event } = signed(example);
    const { kid } = signer.publicKey;
    expect(verifyReceipt(event, [jwkOf(otherSigner)])).toEqual({
      problem: `the signature’s key "${kid}" is not in the key set`,
    });
    expect(verifyReceipt(event, [{ ...jwkOf(otherSigner), kid }])).toEqual({
      problem: 'the signature is wrong',
    });
    expect(verifyReceipt(event, [null, 1, { ...jwkOf(signer), x: 'AAAA' }])).toHaveProperty('problem');
  });

  it.each([
    ['no signature', () => undefined, 'the receipt has no signature'],
    ['nothing', () => '', 'the signature is not a compact JWS'],
    ['two parts', (jws: string) => jws.slice(0, jws.lastIndexOf('.')), 'the signature is not a compact JWS'],
    ['four parts', (jws: string) => `${jws}.AA`, 'the signature is not a compact JWS'],
    ['other bytes around it', (jws: string) => `${jws}==`, 'the signature is not a compact JWS'],
    ['alg none', (jws: string) => withHead(jws, { alg: 'none' }), 'of another kind than EdDSA'],
    ['alg none and no proof', () => `${part({ alg: 'none' })}.${part(example)}.`, 'another kind'],
    ['alg HS256', (jws: string) => withHead(jws, { alg: 'HS256' }), 'of another kind than EdDSA'],
    ['a critical extension', (jws: string) => withHead(jws, { crit: ['b64'], b64: false }), 'another kind'],
    ['a head that is not JSON', (jws: string) => jws.replace(/^[^.]+/, 'AAAA'), 'another kind'],
    ['another head', (jws: string) => withHead(jws, { typ: 'JWT' }), 'the signature is wrong'],
    ['another proof', (jws: string) => `${jws.slice(0, -86)}${'A'.repeat(86)}`, 'the signature is wrong'],
    ['an empty proof', (jws: string) => jws.slice(0, -86), 'the signature is wrong'],
  ])('refuses %s', (_, change, problem) => {
    const { event } = signed(example);
    const signature = change(event['signature'] as string);
    expect(verifyReceipt({ ...event, signature }, keys)).toEqual({
      problem: expect.stringContaining(problem) as unknown,
    });
  });

  it('refuses a genuine signature over the same receipt in another text', () => {
    const input = `${part({ alg: 'EdDSA', kid: signer.publicKey.kid })}.${part(example)}`;
    expect(JSON.stringify(example)).not.toBe(canonicalJson(example));
    const proof = sign(null, Buffer.from(input), privateKey).toString('base64url');
    expect(verifyReceipt(throughJson({ ...example, signature: `${input}.${proof}` }), keys)).toHaveProperty(
      'problem',
    );
  });
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function withHead(jws: string, change: object): string {
  const [head = '', ...rest] = jws.split('.');
  const fields = JSON.parse(Buffer.from(head, 'base64url').toString()) as object;
  return [part({ ...fields, ...change }), ...rest].join('.');
}
