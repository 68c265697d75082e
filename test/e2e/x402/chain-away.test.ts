import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EvmChains } from '../../../src/payments/x402/evm/evm-chains.js';
import { PaymentChains } from '../../../src/payments/x402/facilitator.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { completion } from '../../support/scripted-upstream.js';
import type { Fate } from '../../support/node-proxy.js';
import { Buyer, paymentOf, requiredBy, Shop } from '../../support/shop.js';
import { until } from '../../support/until.js';

const BODY = { max_tokens: 100 };

describeOnLocalChain('a chain that is away', () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await Shop.start({}, { rule: () => 'refused', environment: { X402_SETTLE_MS: '300' } });
  });
  beforeEach(() => shop.upstream.reset());
  afterEach(() => shop.node.rule(() => 'passed'));
  afterAll(() => shop.close());

  /** Never a 402: who gets one signs and pays again. */
  async function expectAway(response: Response): Promise<void> {
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(response.headers.has('payment-required')).toBe(false);
    expect(await response.json()).toMatchObject({ error: { code: 'service_unavailable' } });
  }

  /** The gateway looks at its chains now, and not only some seconds later; a look that is under way ends first. */
  async function lookAgain(): Promise<void> {
    const chains: PaymentChains = shop.gateway.app.get(PaymentChains);
    if (!(chains instanceof EvmChains)) throw new Error('these are other chains');
    await chains.tend();
    await chains.tend();
  }

  /** The worker comes now, and not only half a minute later. A payment is over when its receipt and its answer say so too. */
  async function expectSettledByWorker(buyer: Buyer): Promise<void> {
    await until(async () => {
      await shop.gateway.pool.query(
        'UPDATE x402_payments SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL',
      );
      const { rowCount } = await shop.gateway.pool.query(
        `SELECT FROM x402_payments WHERE payer = $1 AND state = 'settled' AND next_attempt_at IS NULL`,
        [buyer.wallet.address.toLowerCase()],
      );
      return rowCount === 1;
    });
  }

  /** At once, or after the worker where the chain took longer than a call waits for it here. */
  async function expectBought(buyer: Buyer, payment: string): Promise<void> {
    const first = await shop.chat(BODY, payment);
    if (first.status !== 200) {
      await expectAway(first);
      await expectSettledByWorker(buyer);
    }
    expect((await shop.chat(BODY, payment)).status).toBe(200);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
  }

  it('keeps nobody with a key from calls, and wallets until it is there', async () => {
    const { key } = await shop.gateway.createKey();
    expect((await shop.gateway.chat(key, BODY)).status).toBe(200);
    await expectAway(await shop.chat(BODY));
    expect(shop.upstream.requests).toHaveLength(1);

    shop.node.rule(() => 'passed');
    await lookAgain();
    expect((await shop.chat(BODY)).status).toBe(402);
  });

  it.each(['refused', 'hanging'] as const)(
    'lets nothing run that it has not verified: %s',
    async (fate) => {
      const buyer = await Buyer.with(shop.chain, 10_000n);
      const payment = await shop.paymentFor(buyer, BODY);
      shop.node.rule(() => fate);
      await expectAway(await shop.chat(BODY, payment));
      expect([shop.upstream.requests.length, await shop.statesOf(buyer)]).toEqual([0, []]);

      shop.node.rule(() => 'passed');
      await lookAgain();
      await expectBought(buyer, payment);
    },
    60_000,
  );

  it('lets nothing run whose claim could not be written', async () => {
    const buyer = await Buyer.with(shop.chain, 10_000n);
    const payment = await shop.paymentFor(buyer, BODY);
    const { pool } = shop.gateway;
    await pool.query(`CREATE FUNCTION fail_claim() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$`);
    await pool.query(
      'CREATE TRIGGER fail_claim BEFORE INSERT ON x402_payments FOR EACH ROW EXECUTE FUNCTION fail_claim()',
    );
    const failed = await shop.chat(BODY, payment);
    await pool.query('DROP FUNCTION fail_claim CASCADE');
    expect([failed.status, shop.upstream.requests.length]).toEqual([503, 0]);
    expect(await failed.text()).not.toContain('device');
    await expectBought(buyer, payment);
  });

  const ENDINGS: readonly (readonly [name: string, fateOf: (method: string) => Fate])[] = [
    ['nothing can be asked', () => 'refused'],
    [
      'its answer to the transaction is lost',
      (method) => (method === 'eth_sendRawTransaction' ? 'answerLost' : 'passed'),
    ],
    [
      'it takes the transaction and is gone',
      (method) => (/sendRaw|estimate|getBlock|Count|call|Fee/i.test(method) ? 'passed' : 'refused'),
    ],
  ];

  describe.each(['exact', 'upto'] as const)('before the end of a call that is paid by %s', (scheme) => {
    it.each(ENDINGS)('moves the payment once: %s', async (_name, fateOf) => {
      const buyer = await Buyer.with(shop.chain, 10_000n, [scheme]);
      const required = requiredBy(await shop.chat(BODY));
      const [payment, second] = [await buyer.sign(required), await buyer.sign(required)];
      shop.upstream.next((exchange) => {
        shop.node.rule(fateOf);
        completion('Bought')(exchange);
      });
      const first = await shop.chat(BODY, payment);
      if (first.status === 200) expect(paymentOf(first)).toMatchObject({ success: true });
      else {
        await expectAway(first);
        await expectAway(await shop.chat(BODY, payment));
        shop.node.rule((method) => (/sendRaw|Receipt|getLogs/.test(method) ? 'refused' : 'passed'));
        await expectAway(await shop.chat(BODY, second));
      }
      shop.node.rule(() => 'passed');
      await expectSettledByWorker(buyer);

      const again = await shop.chat(BODY, payment);
      expect([again.status, await again.text()]).toEqual([200, expect.stringContaining('Bought')]);
      expect(paymentOf(again)).toMatchObject({ success: true });
      expect(again.headers.get('x-compose-idempotent-replay')).toBe('true');
      expect(shop.upstream.requests).toHaveLength(1);
      expect(await shop.receivedFrom(buyer)).toHaveLength(1);
    });
  });

  it.each(['exact', 'upto'] as const)('before the end of a stream that is paid by %s', async (scheme) => {
    const body = { ...BODY, stream: true };
    const buyer = await Buyer.with(shop.chain, 10_000n, [scheme]);
    const payment = await shop.paymentFor(buyer, body);
    shop.upstream.next((exchange) => {
      shop.node.rule(() => 'refused');
      completion('Bought')(exchange);
    });
    const first = await shop.chat(body, payment);
    if (scheme === 'exact') await expectAway(first);
    else {
      const text = await first.text();
      expect(text).toContain('event: compose.error');
      expect(text).toContain('"settlementStatus":"pending"');
    }
    shop.node.rule(() => 'passed');
    await shop.gateway.idle();
    await expectSettledByWorker(buyer);
    await until(async () => (await shop.chat(body, payment)).status === 200);
    const again = await (await shop.chat(body, payment)).text();
    expect(again).toContain('"settlementStatus":"settled"');
    expect(again).toContain('Bought');
    expect(again).not.toContain('compose.error');
    expect(shop.upstream.requests).toHaveLength(1);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
  });
});
