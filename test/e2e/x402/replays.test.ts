import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatAnswer, chatUsage } from '../../support/chat-wire.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { refusal } from '../../support/scripted-upstream.js';
import {
  Buyer,
  changed,
  paymentOf,
  requiredBy,
  Shop,
  type OpenPayment,
  type Way,
} from '../../support/shop.js';
import { until } from '../../support/until.js';

const BODY = { max_tokens: 100 };
const REPLAYED = 'x-compose-idempotent-replay';
const WAYS: readonly Way[] = ['exact', 'permit2', 'upto'];

const authorizationOf = ({ payload }: OpenPayment): Record<string, string> =>
  payload.authorization ?? payload.permit2Authorization ?? {};
const hex = (text: string): string => `0x${BigInt(text).toString(16)}`;

/** One nonce and one address have many spellings. */
const SPELLINGS: Readonly<Record<string, (payment: OpenPayment) => void>> = {
  'a nonce in decimal': (payment) => {
    authorizationOf(payment).nonce = BigInt(authorizationOf(payment).nonce ?? '').toString();
  },
  'a nonce in hexadecimal': (payment) => {
    authorizationOf(payment).nonce = hex(authorizationOf(payment).nonce ?? '');
  },
  'a nonce in capitals': (payment) => {
    authorizationOf(payment).nonce = hex(authorizationOf(payment).nonce ?? '')
      .toUpperCase()
      .replace('X', 'x');
  },
  'a nonce with zeros in front': (payment) => {
    authorizationOf(payment).nonce = `00${BigInt(authorizationOf(payment).nonce ?? '').toString()}`;
  },
  'a nonce with spaces around': (payment) => {
    authorizationOf(payment).nonce = ` ${authorizationOf(payment).nonce ?? ''}\n`;
  },
  'an address in lower case': (payment) => {
    authorizationOf(payment).from = authorizationOf(payment).from?.toLowerCase() ?? '';
  },
  'a signature in capitals': ({ payload }) => {
    payload.signature = `0x${payload.signature.slice(2).toUpperCase()}`;
  },
  'fields that nobody asked for': (payment) => {
    payment.extensions = { junk: { deep: [1, 2, 3] } };
    payment.payload = { salt: 'x', ...payment.payload } as OpenPayment['payload'];
  },
};

describeOnLocalChain('a payment that comes again', () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await Shop.start();
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  const newBuyer = (way: Way, balance = 100_000n): Promise<Buyer> => Buyer.with(shop.chain, balance, [way]);

  async function expectOneSale(buyer: Buyer): Promise<void> {
    expect(shop.upstream.requests).toHaveLength(1);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
    expect(await shop.statesOf(buyer)).toEqual(['settled']);
  }

  it.each([
    ['exact', false],
    ['exact', true],
    ['permit2', false],
    ['permit2', true],
    ['upto', false],
    ['upto', true],
  ] as const)('gets the first answer again: %s, streamed: %s', async (way, stream) => {
    const buyer = await newBuyer(way);
    const body = { ...BODY, stream };
    const payment = await shop.paymentFor(buyer, body);
    const first = await shop.chat(body, payment);
    const text = await first.text();
    expect([first.status, text]).toEqual([200, expect.stringContaining('Hello!')]);

    for (let time = 0; time < 3; time += 1) {
      const again = await shop.chat(body, payment);
      expect(again.status).toBe(200);
      expect(await again.text()).toBe(text);
      expect(again.headers.get(REPLAYED)).toBe('true');
      expect(again.headers.get('x-compose-response-id')).toBe(first.headers.get('x-compose-response-id'));
      expect(paymentOf(again)).toMatchObject({ success: true, payer: buyer.wallet.address });
    }
    await expectOneSale(buyer);
  });

  it.each(WAYS)('buys one call when it comes twenty times at once: %s', async (way) => {
    const buyer = await newBuyer(way);
    const payment = await shop.paymentFor(buyer, BODY);
    const stalled = nextStalls(shop.upstream);
    const all = Array.from({ length: 20 }, () => shop.chat(BODY, payment));
    const early: Response[] = [];
    for (const one of all) void one.then((response) => early.push(response));
    const exchange = await stalled;
    await until(() => early.length === 19);
    for (const response of early) {
      expect(response.status).toBe(409);
      expect(response.headers.has('retry-after')).toBe(true);
      expect(await response.json()).toMatchObject({ error: { code: 'idempotency_in_flight' } });
    }
    exchange.json(chatAnswer({ content: 'Once' }, 'stop', { usage: chatUsage(10, 5) }));
    expect((await Promise.all(all)).map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(19).fill(409),
    ]);
    await expectOneSale(buyer);
  });

  it('buys one call when the same request is signed twenty times at once', async () => {
    const buyer = await newBuyer('exact');
    const required = requiredBy(await shop.chat(BODY));
    const payments = await Promise.all(Array.from({ length: 20 }, () => buyer.sign(required)));
    expect(new Set(payments).size).toBe(20);
    const stalled = nextStalls(shop.upstream);
    const all = payments.map((payment) => shop.chat(BODY, payment));
    let answered = 0;
    for (const one of all) void one.then(() => (answered += 1));
    const exchange = await stalled;
    await until(() => answered === 19);
    exchange.json(chatAnswer({ content: 'Once' }));
    expect((await Promise.all(all)).map(({ status }) => status).sort()).toEqual([
      200,
      ...Array<number>(19).fill(409),
    ]);
    await expectOneSale(buyer);
  });

  it.each(WAYS)('is known in every spelling: %s', async (way) => {
    const buyer = await newBuyer(way);
    const payment = await shop.paymentFor(buyer, BODY);
    expect((await shop.chat(BODY, payment)).status).toBe(200);
    for (const [name, respell] of Object.entries(SPELLINGS)) {
      const again = await shop.chat(BODY, changed(payment, respell));
      expect([name, again.status, again.headers.get(REPLAYED)]).toEqual([name, 200, 'true']);
    }
    await expectOneSale(buyer);
  });

  it.each(WAYS)('is taken in any spelling the first time, and is known from then on: %s', async (way) => {
    for (const [name, respell] of Object.entries(SPELLINGS)) {
      const buyer = await newBuyer(way);
      const payment = await shop.paymentFor(buyer, BODY);
      const statuses = [];
      for (const header of [changed(payment, respell), payment, changed(payment, respell)])
        statuses.push((await shop.chat(BODY, header)).status);
      expect([name, ...statuses]).toEqual([name, 200, 200, 200]);
      expect([name, ...(await shop.statesOf(buyer))]).toEqual([name, 'settled']);
      expect(await shop.receivedFrom(buyer)).toHaveLength(1);
    }
  });

  it('is recognised after its signature has grown old', async () => {
    const buyer = await newBuyer('exact');
    const required = requiredBy(await shop.chat(BODY));
    const asked = required.accepts[0]?.maxTimeoutSeconds ?? 0;
    const payment = await buyer.sign(required, asked - 23);
    const signedMs = Date.now();
    expect((await shop.chat(BODY, payment)).status).toBe(200);
    await until(() => Date.now() - signedMs > 9_000);
    expect((await shop.chat({ max_tokens: 99 }, await buyer.sign(required, asked - 32))).status).toBe(402);

    const again = await shop.chat(BODY, payment);
    expect([again.status, again.headers.get(REPLAYED)]).toEqual([200, 'true']);
    await expectOneSale(buyer);
  });

  it('is recognised when what it agreed to is not asked for any more', async () => {
    const buyer = await newBuyer('exact');
    const payment = await shop.paymentFor(buyer, BODY, { 'x-x402-max-amount-wei': '150' });
    expect((await shop.chat(BODY, payment, { 'x-x402-max-amount-wei': '150' })).status).toBe(200);

    const again = await shop.chat(BODY, payment, { 'x-x402-max-amount-wei': '151' });
    expect([again.status, again.headers.get(REPLAYED)]).toEqual([200, 'true']);
    await expectOneSale(buyer);
  });

  it.each(
    (
      [
        ['another body', '/v1/chat/completions', { ...BODY, messages: [{ role: 'user', content: 'Ho' }] }],
        ['another path', '/v1/responses', { max_output_tokens: 100, input: 'Hi' }],
      ] as const
    ).flatMap((row) => [
      [...row, 'exact', 'invalid_exact_evm_nonce_already_used'] as const,
      [...row, 'permit2', 'permit2_invalid_nonce'] as const,
    ]),
  )('buys nothing else: %s %s %s, %s', async (_what, path, body, way, reason) => {
    const buyer = await newBuyer(way);
    const payment = await shop.paymentFor(buyer, BODY);
    const other = { model: 'test-model', ...body };
    expect((await shop.chat(BODY, payment)).status).toBe(200);
    for (const header of [payment, changed(payment, (sent) => delete sent.resource)]) {
      const refused = await shop.post(path, other, header);
      expect([refused.status, requiredBy(refused).error]).toEqual([402, reason]);
      expect(refused.headers.has(REPLAYED)).toBe(false);
    }
    await expectOneSale(buyer);
  });

  it('shows nothing to who knows its nonce but not its signature', async () => {
    const buyer = await newBuyer('exact');
    const payment = await shop.paymentFor(buyer, BODY);
    expect((await shop.chat(BODY, payment)).status).toBe(200);
    const forged = changed(payment, ({ payload }) => (payload.signature = `0x${'11'.repeat(65)}`));
    expect((await shop.chat(BODY, forged)).status).toBe(402);
  });

  it('names its wallet to nobody who may have read it on the chain', async () => {
    const buyer = await newBuyer('exact');
    const payment = await shop.paymentFor(buyer, BODY);
    const first = await shop.chat(BODY, payment);
    expect(first.headers.get('x-compose-access-token')).toMatch(/^compose-/);
    const again = await shop.chat(BODY, payment);
    expect([again.status, again.headers.has('x-compose-access-token')]).toEqual([200, false]);
  });

  it('is found by its Idempotency-Key alone, for the same request, without naming its wallet', async () => {
    const buyer = await newBuyer('exact');
    const named = { 'idempotency-key': 'a-key-that-two-may-choose' };
    const stalled = nextStalls(shop.upstream);
    const payment = await shop.paymentFor(buyer, BODY);
    const call = shop.chat(BODY, payment, named);
    const exchange = await stalled;
    const running = await shop.chat(BODY, undefined, named);
    expect([running.status, running.headers.get('retry-after')]).toEqual([409, '1']);
    expect((await shop.chat({ max_tokens: 99 }, undefined, named)).status).toBe(402);
    const stranger = await newBuyer('exact');
    const other = { max_tokens: 99 };
    expect((await shop.chat(other, await shop.paymentFor(stranger, other), named)).status).toBe(200);

    exchange.json(chatAnswer({ content: 'Mine' }));
    expect((await call).headers.get('x-compose-access-token')).toMatch(/^compose-/);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
    expect(await shop.receivedFrom(stranger)).toHaveLength(1);
  });

  it('moves nothing, and is used up, when nothing was used', async () => {
    const buyer = await newBuyer('upto');
    const free = { ...BODY, model: 'free-model' };
    const payment = await shop.paymentFor(buyer, free);
    const first = await shop.chat(free, payment);
    expect(paymentOf(first)).toMatchObject({ success: true, transaction: '', amount: '0' });
    const text = await first.text();
    for (let time = 0; time < 2; time += 1) {
      const again = await shop.chat(free, payment);
      expect([again.status, await again.text()]).toEqual([200, text]);
    }
    expect((await shop.chat(BODY, payment)).status).toBe(402);
    expect(shop.upstream.requests).toHaveLength(1);
    expect(await shop.statesOf(buyer)).toEqual(['burned']);
    expect(await shop.receivedFrom(buyer)).toEqual([]);
  });

  it.each(WAYS)('is good for the same request once more when its upstream has refused: %s', async (way) => {
    shop.upstream.next(refusal(400));
    const buyer = await newBuyer(way);
    const payment = await shop.paymentFor(buyer, BODY);
    const failed = await shop.chat(BODY, payment);
    expect([failed.status, paymentOf(failed)]).toEqual([400, undefined]);
    expect(await shop.statesOf(buyer)).toEqual([]);

    expect((await shop.chat(BODY, payment)).status).toBe(200);
    expect((await shop.chat(BODY, payment)).headers.get(REPLAYED)).toBe('true');
    expect(shop.upstream.requests).toHaveLength(2);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
  });
});
