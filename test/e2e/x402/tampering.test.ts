import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { refusal } from '../../support/scripted-upstream.js';
import { Buyer, changed, requiredBy, Shop, wayOf, type OpenPayment, type Way } from '../../support/shop.js';

const BODY = { max_tokens: 100 };
const CAP = 'x-x402-max-amount-wei';
const OTHER = `0x${'12'.repeat(20)}`;
const TERMS = 'invalid_payment_requirements';

type Change = (payment: OpenPayment) => unknown;
const accepted =
  (terms: Record<string, unknown>): Change =>
  (payment) =>
    Object.assign(payment.accepted, terms);

/** What the client says that it has agreed to. */
const OF_TERMS: readonly (readonly [name: string, change: Change, reason: string])[] = [
  ['a lower amount', accepted({ amount: '1' }), TERMS],
  ['an amount in other words', accepted({ amount: '0x1' }), TERMS],
  ['another asset', accepted({ asset: OTHER }), TERMS],
  ['another recipient', accepted({ payTo: OTHER }), TERMS],
  ['another network', accepted({ network: 'eip155:1' }), 'invalid_network'],
  ['another scheme', accepted({ scheme: 'batch-settlement' }), 'unsupported_scheme'],
  ['another time', accepted({ maxTimeoutSeconds: 1_000_000 }), TERMS],
  ['no extra', ({ accepted: terms }) => (terms.extra = {}), TERMS],
  ['another token name', ({ accepted: terms }) => Object.assign(terms.extra, { name: 'Euro' }), TERMS],
  ['a field more', accepted({ discount: '100%' }), TERMS],
  [
    'another resource',
    ({ resource }) => resource && Object.assign(resource, { url: 'https://a.example/' }),
    TERMS,
  ],
];

const inExact = (fields: Record<string, string>): Change => {
  return ({ payload }) => Object.assign(payload.authorization ?? {}, fields);
};
const inPermit = (name: 'permitted' | 'witness' | undefined, fields: Record<string, string>): Change => {
  return ({ payload: { permit2Authorization: permit } }) =>
    Object.assign((name ? permit?.[name] : permit) ?? {}, fields);
};

/** What the wallet has signed. */
const OF_SIGNED: readonly (readonly [way: Way, name: string, change: Change, reason: string | RegExp])[] = [
  ['exact', 'a lower value', inExact({ value: '1' }), /value/],
  ['exact', 'another recipient', inExact({ to: OTHER }), 'invalid_exact_evm_recipient_mismatch'],
  ['exact', 'another payer', inExact({ from: OTHER }), /signature|balance/],
  ['exact', 'another nonce', inExact({ nonce: `0x${'01'.repeat(32)}` }), 'invalid_exact_evm_signature'],
  ['exact', 'a later end', inExact({ validBefore: '99999999999' }), 'invalid_exact_evm_signature'],
  ['exact', 'an end that is past', inExact({ validBefore: '1000' }), /valid_before/],
  ['exact', 'a begin that is to come', inExact({ validAfter: '9999999999' }), /valid_after/],
  ['upto', 'another facilitator', inPermit('witness', { facilitator: OTHER }), 'upto_facilitator_mismatch'],
  ...(['upto', 'permit2'] as const).flatMap((way) =>
    (
      [
        ['a lower amount', inPermit('permitted', { amount: '1' }), 'permit2_amount_mismatch'],
        ['a higher amount', inPermit('permitted', { amount: '99999999' }), 'permit2_amount_mismatch'],
        ['another token', inPermit('permitted', { token: OTHER }), 'permit2_token_mismatch'],
        ['another recipient', inPermit('witness', { to: OTHER }), 'invalid_permit2_recipient_mismatch'],
        [
          'a begin that is to come',
          inPermit('witness', { validAfter: '9999999999' }),
          'permit2_not_yet_valid',
        ],
        ['an earlier begin', inPermit('witness', { validAfter: '1' }), 'invalid_permit2_signature'],
        ['another spender', inPermit(undefined, { spender: OTHER }), 'invalid_permit2_spender'],
        ['another payer', inPermit(undefined, { from: OTHER }), /signature|balance|allowance/],
        ['another nonce', inPermit(undefined, { nonce: '1' }), 'invalid_permit2_signature'],
        ['a later end', inPermit(undefined, { deadline: '99999999999' }), 'invalid_permit2_signature'],
        ['an end that is past', inPermit(undefined, { deadline: '1000' }), 'permit2_deadline_expired'],
      ] as const
    ).map((row) => [way, ...row] as const),
  ),
];

const WAYS: readonly Way[] = ['exact', 'permit2', 'upto'];
const OF_ANOTHER_KIND = WAYS.flatMap((way) =>
  WAYS.filter((other) => other !== way).map((other) => [way, other] as const),
);

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

const JUNK: readonly (readonly [name: string, header: string])[] = [
  ['nothing', ''],
  ['no base64', '%%%'],
  ['base64 of no JSON', Buffer.from('{"x402Version":2').toString('base64')],
  ['base64 of no object', base64([1])],
  ['a bare object', base64({ x402Version: 2 })],
  ['a payload of another kind', base64({ x402Version: 2, accepted: [], payload: 'x' })],
  ['deep nesting', Buffer.from(`{"x402Version":2,"payload":${'['.repeat(4_000)}`).toString('base64')],
  ['a long header', 'A'.repeat(12_300)],
  ['two headers in one', `${base64({ x402Version: 2 })}, ${base64({ x402Version: 2 })}`],
];

describeOnLocalChain('a payment that was tampered with', () => {
  let shop: Shop;
  let payments: Readonly<Record<Way, string>>;

  beforeAll(async () => {
    shop = await Shop.start();
    const required = requiredBy(await shop.chat(BODY));
    // All tests use them, and what is signed for as long as is asked for is too old after half a minute.
    const pay = async (way: Way): Promise<string> =>
      (await Buyer.with(shop.chain, 100_000n, [way])).sign(required, 3_600);
    payments = { exact: await pay('exact'), permit2: await pay('permit2'), upto: await pay('upto') };
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  const claims = async (): Promise<number | null> =>
    (await shop.gateway.pool.query('SELECT FROM x402_payments')).rowCount;

  async function expectRefused(response: Response, reason: string | RegExp): Promise<void> {
    expect(response.status).toBe(402);
    expect(requiredBy(response).error).toMatch(reason);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.has('x-compose-access-token')).toBe(false);
    expect(await response.json()).toMatchObject({ error: { code: 'payment_required' } });
  }

  it.each(OF_TERMS)('is refused for other terms: %s', async (_name, change, reason) => {
    for (const payment of Object.values(payments))
      await expectRefused(await shop.chat(BODY, changed(payment, change)), reason);
    expect([shop.upstream.requests.length, await claims()]).toEqual([0, 0]);
  });

  it.each(OF_SIGNED)('is refused for another signature, %s: %s', async (way, _name, change, reason) => {
    await expectRefused(await shop.chat(BODY, changed(payments[way], change)), reason);
    expect([shop.upstream.requests.length, await claims()]).toEqual([0, 0]);
  });

  it.each(OF_ANOTHER_KIND)('is refused for %s under the terms of %s', async (way, other) => {
    const terms = requiredBy(await shop.chat(BODY)).accepts.find((one) => wayOf(one) === other);
    const payment = changed(payments[way], (sent) => (sent.accepted = terms ?? sent.accepted));
    await expectRefused(await shop.chat(BODY, payment), 'unsupported_payload_type');
    expect([shop.upstream.requests.length, await claims()]).toEqual([0, 0]);
  });

  it.each(JUNK)('is no payment: %s', async (_name, header) => {
    const response = await shop.chat(BODY, header);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_value', param: 'PAYMENT-SIGNATURE' },
    });
  });

  it('is refused whatever its size', async () => {
    expect((await shop.chat(BODY, 'A'.repeat(40_000))).status).toBe(431);
  });

  it.each([
    ['more output', { max_tokens: 200 }, {}],
    ['a higher cap', BODY, { [CAP]: '200' }],
  ])('buys nothing dearer: %s', async (_name, body, headers) => {
    await expectRefused(await shop.chat(body, payments.exact, headers), TERMS);
    const response = await shop.post('/v1/responses', { model: 'test-model', input: 'Hi' }, payments.upto);
    await expectRefused(response, TERMS);
    expect([shop.upstream.requests.length, await claims()]).toEqual([0, 0]);
  });

  it.each(['', '0', '-1', '1.5', '1e3', '0x10', ' ', 'all', '99999999999999999', '5, 6'])(
    'cannot have the cap %j',
    async (cap) => {
      const response = await shop.chat(BODY, undefined, { [CAP]: cap });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'invalid_value', param: CAP } });
    },
  );

  it.each(['1', 'eip155:43113', 'x'])('cannot be for the chain %j', async (chain) => {
    const response = await shop.chat(BODY, payments.exact, { 'x-chain-id': chain });
    expect(response.status).toBe(400);
  });

  it('is asked for as much as the call needs, and never for nothing', async () => {
    const amounts = async (body: object, headers = {}): Promise<readonly string[]> =>
      requiredBy(await shop.chat(body, undefined, headers)).accepts.map(({ amount }) => amount);
    const least = (await shop.chat(BODY, undefined, { [CAP]: '1' })).clone();
    expect(least.status).toBe(400);
    const { error } = (await least.json()) as { error: { message: string } };
    const minimum = /at least (\d+)/.exec(error.message)?.[1] ?? '';
    expect(await amounts(BODY, { [CAP]: minimum })).toEqual([minimum, minimum, minimum]);
    expect(await amounts({ ...BODY, model: 'free-model' })).toEqual(['1', '1', '1']);
  });

  it.each(['upto', 'permit2'] as const)(
    '[error.permit2_allowance_required] asks a wallet without an allowance for one, with 412: %s',
    async (way) => {
      const buyer = await Buyer.with(shop.chain, 100_000n, [way]);
      await shop.chain.approvePermit2(buyer.wallet.privateKey, 0n);
      const payment = await shop.paymentFor(buyer, BODY);
      const response = await shop.chat(BODY, payment);
      expect(response.status).toBe(412);
      expect(requiredBy(response).error).toBe('permit2_allowance_required');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toMatchObject({ error: { code: 'permit2_allowance_required' } });
      await shop.chain.approvePermit2(buyer.wallet.privateKey);
      expect((await shop.chat(BODY, payment)).status).toBe(200);
    },
  );

  it.each([true, false])('is never shown to shared caches, streamed: %s', async (stream) => {
    const buyer = await Buyer.with(shop.chain, 100_000n);
    const body = { ...BODY, stream };
    const expectPrivate = ({ headers }: Response): void => {
      expect(headers.get('cache-control')).toMatch(/\bprivate\b/);
      expect(headers.get('vary')).toMatch(/authorization, payment-signature/i);
    };
    const payment = await shop.paymentFor(buyer, body);
    shop.upstream.next(refusal(400));
    expectPrivate(await shop.chat(body, payment));
    for (let time = 0; time < 2; time += 1) {
      const response = await shop.chat(body, payment);
      await response.text();
      expectPrivate(response);
    }
  });

  it('is nothing on the external surface, and nothing beside a key', async () => {
    const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...BODY };
    const response = await shop.post('/external/v1/chat/completions', body, payments.exact);
    expect(response.status).toBe(401);
    expect([...response.headers.keys()].filter((name) => /payment|x402|vary/.test(name))).toEqual([]);
    expect(await response.text()).not.toMatch(/payment|x402|wallet/i);

    const { key, id } = await shop.gateway.createKey({ budget_limit: '10000' });
    const before = await claims();
    const byKey = await shop.chat(BODY, payments.exact, { authorization: `Bearer ${key}` });
    expect([byKey.status, byKey.headers.get('payment-response')]).toEqual([200, null]);
    expect(await byKey.json()).toMatchObject({ compose_receipt: { final_amount_wei: '21' } });
    expect((await shop.gateway.keyBudget(id)).spent).toBe(21);
    expect(await claims()).toBe(before);
  });

  it('pays for the wallet that the access token names, and for no other', async () => {
    const [mine, other] = [await Buyer.with(shop.chain, 9_000n), await Buyer.with(shop.chain, 9_000n)];
    const paid = await shop.chat(BODY, await shop.paymentFor(mine, BODY));
    await paid.text();
    const authorization = `Bearer ${paid.headers.get('x-compose-access-token') ?? ''}`;
    const asked = await shop.chat(BODY, undefined, { authorization });
    expect(asked.status).toBe(402);
    const foreign = await shop.chat(BODY, await other.sign(requiredBy(asked)), { authorization });
    await expectRefused(foreign, 'invalid_payload');
    const own = await shop.chat(BODY, await mine.sign(requiredBy(asked)), { authorization });
    expect(own.status).toBe(200);

    const run = { model: 'test-model', input: 'Hi' };
    const background = await shop.post('/v1/responses', { ...run, background: true }, undefined, {
      authorization,
    });
    expect(await background.json()).toMatchObject({ error: { code: 'unsupported_parameter' } });
    expect(await shop.receivedFrom(other)).toEqual([]);
  });
});
