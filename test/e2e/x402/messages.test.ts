import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { says } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, sse } from '../../support/chat-wire.js';
import { accumulated, type Message } from '../../support/messages-client.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, paymentOf, requiredBy, Shop } from '../../support/shop.js';
import { framesOf } from '../../support/sse-frames.js';

const QUESTION = { model: 'test-model', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] };

describeOnLocalChain('a wallet that pays for a Message', () => {
  let shop: Shop;
  let url: string;

  beforeAll(async () => {
    shop = await Shop.start();
    url = `${shop.gateway.url}/v1/messages`;
  });
  beforeEach(() => {
    shop.upstream.reset();
    shop.upstream.always(says([{ content: 'Hello' }], 'stop', chatUsage(10, 5)));
  });
  afterAll(() => shop.close());

  /** 10 tokens in and 5 out cost 20, and the fee of 1 % is 1. */
  const COST = 21n;

  const request = (body: object = {}, headers: object = {}): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify({ ...QUESTION, ...body }),
  });

  it('is asked for a payment before anything runs, in the words of this API', async () => {
    const answer = await fetch(url, request());
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([402, 'false']);
    expect(requiredBy(answer).accepts.map(({ scheme }) => scheme)).toEqual(['upto', 'exact', 'exact']);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { type: 'billing_error', details: { error_code: 'payment_required' } },
      request_id: answer.headers.get('request-id'),
    });
    expect(shop.upstream.requests).toHaveLength(0);
  });

  it('is not asked to pay for a request that is wrong, nor on the other surface', async () => {
    expect((await fetch(url, request({ max_tokens: -1 }))).status).toBe(400);
    const elsewhere = await fetch(`${shop.gateway.url}/external/v1/messages`, request());
    expect([elsewhere.status, elsewhere.headers.has('payment-required')]).toEqual([401, false]);
  });

  it.each(['exact', 'upto'] as const)('pays for a whole one by %s', async (scheme) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [scheme]);
    const answer = await buyer.fetch(url, request());
    expect(answer.status).toBe(200);
    const message = (await answer.json()) as Message;
    const [moved = 0n] = await shop.receivedFrom(buyer);
    expect(message.content).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(message.compose_receipt).toMatchObject({
      final_amount_wei: String(moved),
      settlement_status: 'settled',
      tx_hash: paymentOf(answer)?.transaction,
    });
    if (scheme === 'upto') expect(moved).toBe(COST);
    else expect(moved).toBeGreaterThan(COST);
  });

  it.each(['exact', 'upto'] as const)('pays for a stream by %s', async (scheme) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [scheme]);
    const answer = await buyer.fetch(url, request({ stream: true }));
    expect(answer.status).toBe(200);
    const message = accumulated(framesOf(await answer.text()));
    const [moved = 0n] = await shop.receivedFrom(buyer);
    expect([message.content, message.stop_reason]).toEqual([[{ type: 'text', text: 'Hello' }], 'end_turn']);
    expect(message.compose_receipt).toMatchObject({
      final_amount_wei: String(moved),
      settlement_status: 'settled',
      tx_hash: expect.stringMatching(/^0x/),
    });
    if (scheme === 'upto') expect(moved).toBe(COST);
    else expect(paymentOf(answer)?.transaction).toBe(message.compose_receipt?.['tx_hash']);
  });

  it('gets the same Message for the same payment, and pays once', async () => {
    const buyer = await Buyer.with(shop.chain, 10_000n, ['upto']);
    const payment = await buyer.sign(requiredBy(await fetch(url, request())));
    const send = async (): Promise<Message> =>
      (await (await fetch(url, request({}, { 'payment-signature': payment }))).json()) as Message;
    const first = await send();
    expect((await send()).id).toBe(first.id);
    expect(shop.upstream.requests).toHaveLength(1);
    expect(await shop.receivedFrom(buyer)).toEqual([COST]);
  });

  it('pays nothing for what did not come, and for a stream that broke what it had shown', async () => {
    const buyer = await Buyer.with(shop.chain, 10_000n, ['upto']);
    shop.upstream.always((exchange) => exchange.json({ error: {} }, 529));
    expect((await buyer.fetch(url, request())).status).toBe(529);
    await shop.gateway.idle();
    expect(await shop.receivedFrom(buyer)).toEqual([]);

    shop.upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hel' })));
      exchange.breakConnection();
    });
    const answer = await buyer.fetch(url, request({ stream: true }));
    const last = framesOf(await answer.text()).at(-1);
    const [moved = 0n] = await shop.receivedFrom(buyer);
    expect(last).toMatchObject({
      event: 'error',
      data: { compose_receipt: { final_amount_wei: String(moved) } },
    });
    expect(moved).toBeLessThan(COST);
    expect(moved).toBeGreaterThan(0n);
  });
});
