import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, paymentOf, requiredBy, Shop } from '../../support/shop.js';
import { embeddingsFile, embeds, listOf } from '../embeddings/embedding-upstream.js';

describeOnLocalChain('a wallet that pays for embeddings', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.start({ base: embeddingsFile });
  });
  beforeEach(() => {
    shop.upstream.reset();
    shop.upstream.always(embeds());
  });
  afterAll(() => shop.close());

  const BODY = { model: 'test-embedding', input: 'Two words' };
  /** 9 bytes and 2 marks, and the fee of 1 %. */
  const MOST = 12n;
  /** 7 tokens by the upstream's count, and the fee. */
  const COST = 8n;

  function pay(buyer: Buyer, body: object = BODY): Promise<Response> {
    return buyer.fetch(`${shop.gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  it('is asked for the most that they can cost, before anything runs', async () => {
    const answer = await shop.post('/v1/embeddings', BODY);
    expect(answer.status).toBe(402);
    const { accepts } = requiredBy(answer);
    expect(accepts.map(({ scheme, amount }) => [scheme, amount])).toEqual(
      expect.arrayContaining([
        ['upto', String(MOST)],
        ['exact', String(MOST)],
      ]),
    );
    expect(shop.upstream.requests).toHaveLength(0);
  });

  it('is not asked to pay for a request that is wrong', async () => {
    expect((await shop.post('/v1/embeddings', { ...BODY, input: '' })).status).toBe(400);
    expect((await shop.post('/v1/embeddings', { ...BODY, model: 'test-model' })).status).toBe(400);
  });

  it.each([
    ['exact', MOST],
    ['upto', COST],
  ] as const)('pays by %s, and gets them with a receipt', async (scheme, amount) => {
    const buyer = await Buyer.with(shop.chain, 1_000n, [scheme]);
    const answer = await pay(buyer);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      data: [{ embedding: [0, 0.5] }],
      usage: { prompt_tokens: 7 },
      compose_receipt: { final_amount_wei: String(amount), settlement_status: 'settled' },
    });
    expect(paymentOf(answer)).toMatchObject({ success: true });
    expect(await shop.receivedFrom(buyer)).toEqual([amount]);
  });

  it('pays nothing for what did not come', async () => {
    shop.upstream.always((exchange) => exchange.json(listOf([])));
    const buyer = await Buyer.with(shop.chain, 1_000n);
    expect((await pay(buyer)).status).toBe(502);
    await shop.gateway.idle();
    expect(await shop.receivedFrom(buyer)).toEqual([]);
  });
});
