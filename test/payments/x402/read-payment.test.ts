import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../src/base/errors/gateway-error.js';
import { newSigningKey, parseSigningKey } from '../../../src/base/signing-key.js';
import { ReceiptSigner } from '../../../src/payments/receipts/receipt-signer.js';
import { PaymentProtocol } from '../../../src/payments/x402/protocol.js';
import { readPayment, type ReadPayment } from '../../../src/payments/x402/read-payment.js';
import { stockHeader, TERMS } from './wallet-terms.js';

type Tree = Record<string, unknown>;

const NOW = Date.now();
const WAYS = ['exact', 'permit2', 'upto'] as const;
const sent: Record<string, Tree> = {};

beforeAll(async () => {
  const protocol = new PaymentProtocol(new ReceiptSigner(parseSigningKey(newSigningKey())));
  const challenge = await protocol.challenge(TERMS);
  for (const way of WAYS) sent[way] = decode(await stockHeader(challenge, way));
});

const decode = (header: string): Tree => JSON.parse(Buffer.from(header, 'base64').toString()) as Tree;
const encode = (tree: unknown): string => Buffer.from(JSON.stringify(tree)).toString('base64');

/** A copy in which one value is another, or is gone. */
function changed(tree: Tree, path: string, value: unknown): Tree {
  const copy = structuredClone(tree);
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce((node, name) => node[name] as Tree, copy);
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return copy;
}

function outcome(tree: unknown, now = NOW): ReadPayment | 'malformed' {
  try {
    return readPayment(encode(tree), TERMS, now);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_value', param: 'PAYMENT-SIGNATURE' });
    return 'malformed';
  }
}

const OTHER = `0x${'12'.repeat(20)}`;
const at = (seconds: number): string => String(Math.floor(NOW / 1_000) + seconds);
const EIP3009 = 'invalid_exact_evm_payload_authorization';
const PERMIT = 'payload.permit2Authorization';
const SAME_TERMS = 'invalid_payment_requirements';
const OTHER_KIND = 'unsupported_payload_type';

const REFUSED: readonly (readonly [
  way: (typeof WAYS)[number],
  path: string,
  value: unknown,
  reason: string,
])[] = [
  ...WAYS.flatMap((way) =>
    (
      [
        ['x402Version', 1, 'invalid_x402_version'],
        ['x402Version', undefined, 'invalid_x402_version'],
        ['accepted.amount', '1', SAME_TERMS],
        ['accepted.asset', OTHER, SAME_TERMS],
        ['accepted.payTo', OTHER, SAME_TERMS],
        ['accepted.payTo', TERMS.chain.payTo.toLowerCase(), SAME_TERMS],
        ['accepted.maxTimeoutSeconds', 661, SAME_TERMS],
        ['accepted.paymentFlow', 'upfront', SAME_TERMS],
        ['accepted.network', 'eip155:1', 'invalid_network'],
        ['accepted.scheme', 'deferred', 'unsupported_scheme'],
        ['accepted.extra.name', 'USDC', SAME_TERMS],
        ['accepted.extra.version', undefined, SAME_TERMS],
        ['accepted.extra', undefined, SAME_TERMS],
        ['resource.url', 'https://gateway.example/v1/videos', SAME_TERMS],
        ['extensions.payment-identifier.info.required', true, 'extension_echo_mismatch'],
        ['extensions.payment-identifier.info', undefined, 'extension_echo_mismatch'],
        ['extensions.payment-identifier', 'x', 'extension_echo_mismatch'],
      ] as const
    ).map((row) => [way, ...row] as const),
  ),
  ['exact', 'payload.authorization.to', OTHER, 'invalid_exact_evm_recipient_mismatch'],
  ['exact', 'payload.authorization.value', '19999', `${EIP3009}_value_mismatch`],
  ['exact', 'payload.authorization.validBefore', at(629), `${EIP3009}_valid_before`],
  ['exact', 'payload.authorization.validBefore', '0', `${EIP3009}_valid_before`],
  ['exact', 'payload.authorization.validAfter', at(2), `${EIP3009}_valid_after`],
  ['upto', 'accepted.extra.facilitatorAddress', OTHER, SAME_TERMS],
  ['upto', 'accepted.extra.assetTransferMethod', 'eip3009', SAME_TERMS],
  ['upto', `${PERMIT}.witness.facilitator`, OTHER, 'upto_facilitator_mismatch'],
  ['upto', `${PERMIT}.witness.facilitator`, undefined, OTHER_KIND],
  ['upto', `${PERMIT}.spender`, TERMS.chain.exactProxy, 'invalid_permit2_spender'],
  ['permit2', `${PERMIT}.spender`, TERMS.chain.uptoProxy, 'invalid_permit2_spender'],
  ['permit2', `${PERMIT}.witness.facilitator`, TERMS.chain.facilitatorAddress, OTHER_KIND],
  ['permit2', 'accepted.extra.assetTransferMethod', undefined, OTHER_KIND],
  ['permit2', 'accepted.extra.assetTransferMethod', 'erc7710', SAME_TERMS],
  ['permit2', 'accepted.amount', '50000', SAME_TERMS],
  ['exact', 'accepted.extra.assetTransferMethod', 'permit2', OTHER_KIND],
  ['exact', 'accepted.extra.assetTransferMethod', 'erc7710', SAME_TERMS],
  ...(['permit2', 'upto'] as const).flatMap((way) =>
    (
      [
        [`${PERMIT}.permitted.token`, OTHER, 'permit2_token_mismatch'],
        [`${PERMIT}.permitted.amount`, '50001', 'permit2_amount_mismatch'],
        [`${PERMIT}.spender`, OTHER, 'invalid_permit2_spender'],
        [`${PERMIT}.witness.to`, OTHER, 'invalid_permit2_recipient_mismatch'],
        [`${PERMIT}.witness.validAfter`, at(2), 'permit2_not_yet_valid'],
        [`${PERMIT}.deadline`, at(629), 'permit2_deadline_expired'],
      ] as const
    ).map((row) => [way, ...row] as const),
  ),
];

describe('a payment that differs from what was asked for', () => {
  it.each(REFUSED)('is refused: %s with another %s (%j)', (way, path, value, reason) => {
    expect(outcome(changed(sent[way] ?? {}, path, value))).toMatchObject({ refused: reason });
  });
});

/** What only the signature covers, so that the chain decides; and ends and beginnings that are as good. */
const FREE = /signature|\.from$|\.nonce$|valid|deadline/;

describe('every field of a payment', () => {
  it.each(WAYS)('of %s is checked or not used', (way) => {
    const tree = sent[way] ?? {};
    const before = outcome(tree);
    const values = fc.oneof(
      fc.constantFrom(undefined, null, '', '0', '-1', 'x', OTHER, {}, [], [[]], 1.5, true),
      fc.jsonValue(),
      fc.string(),
    );
    const paths = leaves(tree).filter((path) => !FREE.test(path));
    expect(paths.length).toBeGreaterThan(15);
    fc.assert(
      fc.property(fc.constantFrom(...paths), values, (path, value) => {
        const after = outcome(changed(tree, path, value));
        if (after === 'malformed' || 'refused' in after) return;
        expect(after).toEqual(before);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(WAYS)('of %s that its signature covers must be there', (way) => {
    const tree = sent[way] ?? {};
    const paths = leaves(tree).filter((path) => path.startsWith('payload.'));
    for (const path of paths)
      // Without a facilitator it looks like a payment by `exact`.
      for (const value of [...(path.endsWith('.facilitator') ? [] : [undefined]), 1, 'x', {}])
        expect([path, outcome(changed(tree, path, value))]).toEqual([path, 'malformed']);
  });
});

function leaves(node: unknown, path = ''): string[] {
  if (typeof node !== 'object' || node === null) return [path];
  return Object.entries(node).flatMap(([name, child]) =>
    leaves(child, path === '' ? name : `${path}.${name}`),
  );
}

describe('one payment', () => {
  it.each([
    ['exact', 'payload.authorization'],
    ['permit2', PERMIT],
    ['upto', PERMIT],
  ] as const)('of %s has one form, however its numbers and addresses are spelled', (way, signed) => {
    const tree = sent[way] ?? {};
    const text = (path: string) =>
      path.split('.').reduce<unknown>((node, name) => (node as Tree)[name], tree) as string;
    const before = outcome(tree);
    const nonce = text(`${signed}.nonce`);
    const digits = BigInt(nonce).toString(16);
    const spellings = [
      BigInt(nonce).toString(),
      ` ${BigInt(nonce).toString()}`,
      `0${BigInt(nonce).toString()}`,
      `0x${digits}`,
      `0X${digits.toUpperCase()}`,
      `0x${digits.padStart(64, '0').toUpperCase()}`,
    ];
    for (const spelling of spellings)
      expect(outcome(changed(tree, `${signed}.nonce`, spelling))).toEqual(before);
    for (const path of [`${signed}.from`, 'payload.signature'])
      expect(outcome(changed(tree, path, text(path).toUpperCase().replace('0X', '0x')))).toEqual(before);
    expect(outcome(changed(tree, 'accepted.extra.more', 'x'))).toEqual(before);
    expect(outcome(changed(tree, 'payload.more', { a: 1 }))).toEqual(before);
    expect(outcome(changed(tree, 'extensions', undefined))).toEqual(before);
    expect(outcome(changed(tree, 'resource', undefined))).toEqual(before);
  });

  it('may be made by a clock that is a little slow, and be valid for ever', () => {
    const path = 'payload.authorization.validBefore';
    const tree = sent['exact'] ?? {};
    expect(outcome(changed(tree, path, at(630)))).toMatchObject({ payment: { scheme: 'exact' } });
    expect(outcome(changed(tree, path, (2n ** 256n - 1n).toString()))).toMatchObject({
      payment: { validUntilMs: 253_402_300_799_000 },
    });
    expect(outcome(changed(tree, path, (2n ** 256n).toString()))).toBe('malformed');
  });
});

describe('a header that is no payment', () => {
  const nested = `${'['.repeat(4_000)}${']'.repeat(4_000)}`;
  it.each([
    ['nothing', ''],
    ['no base64', '{"x402Version":2}'],
    ['base64url', encode({ a: '>>>???' }).replaceAll('+', '-').replaceAll('/', '_')],
    ['no JSON', Buffer.from('x').toString('base64')],
    ['no object', encode([])],
    ['null', encode(null)],
    ['deep', Buffer.from(nested).toString('base64')],
    ['a deep payload', Buffer.from(`{"x402Version":2,"payload":${nested}}`).toString('base64')],
    ['nothing but a version', encode({ x402Version: 2 })],
    ['oversize', encode({ x402Version: 2, more: 'x'.repeat(10_000) })],
  ])('is malformed: %s', (_words, header) => {
    expect(() => readPayment(header, TERMS, NOW)).toThrow(
      expect.objectContaining({ code: 'invalid_value', param: 'PAYMENT-SIGNATURE' }),
    );
  });

  it('has a payment identifier of another form', () => {
    for (const id of ['short', 'x'.repeat(129), 'with blanks in the middle', 5])
      expect(outcome(changed(sent['exact'] ?? {}, 'extensions.payment-identifier.info.id', id))).toBe(
        'malformed',
      );
  });

  it('never fails in another way', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('base64'));
    const headers = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      bytes,
      fc.json().map(encode),
      fc.jsonValue().map(encode),
    );
    fc.assert(
      fc.property(headers, (header) => {
        try {
          expect(readPayment(header, TERMS, NOW)).toHaveProperty('refused');
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
