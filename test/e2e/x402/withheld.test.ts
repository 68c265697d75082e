import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RunningCalls } from '../../../src/payments/running-calls.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { receipts } from '../../support/ledger-state.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, requiredBy, Shop } from '../../support/shop.js';
import { until } from '../../support/until.js';

describeOnLocalChain('a stream that is cut off while its payment moves', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.start({}, { environment: { X402_SETTLE_MS: '60000' } });
  });
  afterAll(() => shop.close());

  it('has shown nothing, and costs nothing', async () => {
    const body = { max_tokens: 100, stream: true };
    const buyer = await Buyer.with(shop.chain, 1_000_000n, ['exact']);
    const payment = await buyer.sign(requiredBy(await shop.chat(body)));
    shop.node.rule((method) => (method === 'eth_sendRawTransaction' ? 'hanging' : 'passed'));
    shop.upstream.next((exchange) => exchange.send(sse(chatChunk({ role: 'assistant', content: 'Hel' }))));
    const asked = shop.chat(body, payment);
    await until(async () => (await shop.statesOf(buyer)).at(-1) === 'due');
    shop.gateway.app.get(RunningCalls).cutOff();
    const answer = await asked;
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('Hel');
    shop.node.rule(() => 'passed');
    await shop.gateway.idle();
    expect(await receipts(shop.gateway.pool)).toEqual([]);
  });
});
