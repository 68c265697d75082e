import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { holdReceipts, untilMovedWithoutReceipt } from '../../support/held-receipts.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, requiredBy, Shop } from '../../support/shop.js';

describeOnLocalChain('a payment that has moved, whose answer does not say so yet', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.start({}, { environment: { X402_SETTLE_MS: '60000' } });
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  it.each([false, true])('shows no answer meanwhile, and sells none: stream %s', async (stream) => {
    const body = { max_tokens: 100, stream };
    const buyer = await Buyer.with(shop.chain, 1_000_000n, ['upto']);
    const payment = await buyer.sign(requiredBy(await shop.chat(body)));
    const goOn = await holdReceipts(shop.gateway.pool);
    const first = shop.chat(body, payment).then((response) => response.text());
    try {
      await untilMovedWithoutReceipt(shop.gateway.pool);
      const newlySigned = await buyer.sign(requiredBy(await shop.chat(body)));
      for (const signed of [payment, newlySigned]) {
        const again = await shop.chat(body, signed);
        expect([again.status, again.headers.get('retry-after')]).toEqual([503, '5']);
        expect(await again.json()).toMatchObject({ error: { code: 'service_unavailable' } });
      }
    } finally {
      await goOn();
    }
    const answer = await first;
    expect(answer).toContain('"settled"');
    const again = await shop.chat(body, payment);
    expect([again.status, await again.text()]).toEqual([200, answer]);
    expect(shop.upstream.requests).toHaveLength(1);
    expect(await shop.statesOf(buyer)).toEqual(['settled']);
  });
});
