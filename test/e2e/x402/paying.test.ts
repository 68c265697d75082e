import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Receipt } from '../../../src/base/money/receipt.js';
import { says } from '../../support/chat-scripts.js';
import { chatUsage } from '../../support/chat-wire.js';
import { receiptIn } from '../../support/gateway-client.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, chatRequest, paymentOf, Shop } from '../../support/shop.js';
import { framesOf } from '../../support/sse-frames.js';

describeOnLocalChain('a wallet that pays for a chat call', () => {
  let shop: Shop;
  let chatUrl: string;

  beforeAll(async () => {
    shop = await Shop.start();
    chatUrl = `${shop.gateway.url}/v1/chat/completions`;
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  /** 10 tokens in and 5 out cost 20, and the fee of 1 % is 1. */
  const COST = 21n;
  const answer = says([{ content: 'Hello' }], 'stop', chatUsage(10, 5));

  it('is served by a signer whose gas is a metric', async () => {
    const metrics = await (await fetch(`${shop.gateway.url}/metrics`)).text();
    expect(metrics).toContain(`slipstream_x402_signer_balance{chain="${shop.chain.chainId}"} 1000`);
  });

  it('[error.payment_required] is asked for a payment before anything runs', async () => {
    const response = await fetch(chatUrl, chatRequest());

    expect(response.status).toBe(402);
    expect(response.headers.get('payment-required')).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ error: { code: 'payment_required' } });
    expect(shop.upstream.requests).toHaveLength(0);
  });

  it('pays what it has agreed to by exact, for a whole answer', async () => {
    shop.upstream.next(answer);
    const buyer = await Buyer.with(shop.chain, 10_000n);
    const before = await shop.chain.balanceOf(shop.seller);

    const response = await buyer.fetch(chatUrl, chatRequest({ max_tokens: 100 }));

    expect(response.status).toBe(200);
    const body = (await response.json()) as { compose_receipt: Record<string, unknown> };
    const payment = paymentOf(response);
    expect(payment).toMatchObject({ success: true, payer: buyer.wallet.address });
    const moved = (await shop.chain.balanceOf(shop.seller)) - before;
    expect(body.compose_receipt).toMatchObject({
      final_amount_wei: moved.toString(),
      settlement_status: 'settled',
      tx_hash: payment?.transaction,
    });
    expect(await shop.chain.transfersTo(shop.seller)).toContainEqual({
      hash: payment?.transaction,
      from: buyer.wallet.address,
      value: moved,
    });
    expect(moved).toBeGreaterThan(COST);
  });

  it('pays what was used by upto, for a whole answer', async () => {
    shop.upstream.next(answer);
    const buyer = await Buyer.with(shop.chain, 10_000n, ['upto', 'exact']);
    const before = await shop.chain.balanceOf(shop.seller);

    const response = await buyer.fetch(chatUrl, chatRequest({ max_tokens: 100 }));

    expect(response.status).toBe(200);
    expect(paymentOf(response)).toMatchObject({ success: true, amount: COST.toString() });
    expect((await shop.chain.balanceOf(shop.seller)) - before).toBe(COST);
  });

  it.each(['exact', 'upto'] as const)('pays for a stream by %s', async (scheme) => {
    shop.upstream.next(answer);
    const buyer = await Buyer.with(shop.chain, 10_000n, [scheme]);
    const before = await shop.chain.balanceOf(shop.seller);

    const response = await buyer.fetch(chatUrl, chatRequest({ max_tokens: 100, stream: true }));

    expect(response.status).toBe(200);
    const frames = framesOf(await response.text());
    const receipt = receiptIn(frames) as Receipt;
    const moved = (await shop.chain.balanceOf(shop.seller)) - before;
    expect(receipt).toMatchObject({ finalAmountWei: moved.toString(), settlementStatus: 'settled' });
    expect(await shop.chain.receipt(receipt.txHash as `0x${string}`)).toMatchObject({ status: 'success' });
    if (scheme === 'exact') expect(paymentOf(response)?.transaction).toBe(receipt.txHash);
    else expect(moved).toBe(COST);
    expect(frames.at(-1)?.data).toBe('[DONE]');
  });
});
