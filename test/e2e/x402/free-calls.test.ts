import { afterAll, beforeAll, it, expect } from '@jest/globals';
import { nextStalls } from '../../support/chat-scripts.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, Shop } from '../../support/shop.js';
import { until } from '../../support/until.js';

const STREAM = { stream: true, max_tokens: 100 };

/** Alone in its file, because it moves the clock of the chain. */
describeOnLocalChain('a wallet whose call was free', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.start();
  });
  afterAll(() => shop.close());

  it('pays nothing for a free call, although its payment had become due', async () => {
    const { pool } = shop.gateway;
    const buyer = await Buyer.with(shop.chain, 10_000n);
    const payment = await shop.paymentFor(buyer, STREAM);
    const stalled = nextStalls(shop.upstream);
    const call = shop.chat(STREAM, payment);
    const exchange = await stalled;
    // As when the answer of the statement is lost that makes it due.
    await pool.query(
      `UPDATE x402_payments SET state = 'due', amount = authorised, next_attempt_at = now() + interval '30 seconds'
       WHERE payer = $1`,
      [buyer.wallet.address.toLowerCase()],
    );
    shop.upstream.always((other) => other.breakConnection());
    exchange.breakConnection();
    expect((await call).status).toBeGreaterThanOrEqual(500);
    await shop.gateway.idle();
    const attempts = async (): Promise<number> => {
      const found = await pool.query<{ attempts: number }>(
        'SELECT attempts FROM x402_payments WHERE payer = $1',
        [buyer.wallet.address.toLowerCase()],
      );
      return found.rows[0]?.attempts ?? 0;
    };
    const hurry = `UPDATE x402_payments SET next_attempt_at = now() WHERE state = 'due'`;
    await pool.query(hurry);
    await until(async () => (await attempts()) > 0);
    expect(await shop.statesOf(buyer)).toEqual(['due']);
    await shop.chain.advanceTime(3_600);
    await pool.query(hurry);
    await until(async () => (await shop.statesOf(buyer)).join() === 'failed');
    expect(await shop.receivedFrom(buyer)).toEqual([]);
  });
});
