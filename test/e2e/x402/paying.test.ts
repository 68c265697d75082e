import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { startLocalChain, type LocalChain, type Wallet } from '../../../scripts/local-chain/local-chain.js';
import type { Receipt } from '../../../src/base/money/receipt.js';
import { says } from '../../support/chat-scripts.js';
import { chatUsage } from '../../support/chat-wire.js';
import { TestGateway } from '../../support/gateway.js';
import { receiptIn } from '../../support/gateway-client.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { Buyer, chatRequest, paymentOf, shopFile } from '../../support/shop.js';
import { framesOf } from '../../support/sse-frames.js';

describeOnLocalChain('a wallet that pays for a chat call', () => {
  let chain: LocalChain;
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  let seller: Wallet;
  let chatUrl: string;

  beforeAll(async () => {
    [chain, upstream] = await Promise.all([startLocalChain(), startScriptedUpstream()]);
    const signer = await chain.wallet();
    seller = await chain.wallet();
    gateway = await TestGateway.start({
      file: shopFile(upstream.url, chain, { seller: seller.address, signer }),
    });
    chatUrl = `${gateway.url}/v1/chat/completions`;
  });
  beforeEach(() => upstream.reset());
  afterAll(async () => {
    await gateway.close();
    await Promise.all([upstream.close(), chain.stop()]);
  });

  /** 10 tokens in and 5 out cost 20, and the fee of 1 % is 1. */
  const COST = 21n;
  const answer = says([{ content: 'Hello' }], 'stop', chatUsage(10, 5));

  it('is served by a signer whose gas is a metric', async () => {
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain(`slipstream_x402_signer_balance{chain="${chain.chainId}"} 1000`);
  });

  it('[error.payment_required] is asked for a payment before anything runs', async () => {
    const response = await fetch(chatUrl, chatRequest());

    expect(response.status).toBe(402);
    expect(response.headers.get('payment-required')).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ error: { code: 'payment_required' } });
    expect(upstream.requests).toHaveLength(0);
  });

  it('pays what it has agreed to by exact, for a whole answer', async () => {
    upstream.next(answer);
    const buyer = await Buyer.with(chain, 10_000n);
    const before = await chain.balanceOf(seller.address);

    const response = await buyer.fetch(chatUrl, chatRequest({ max_tokens: 100 }));

    expect(response.status).toBe(200);
    const body = (await response.json()) as { compose_receipt: Record<string, unknown> };
    const payment = paymentOf(response);
    expect(payment).toMatchObject({ success: true, payer: buyer.wallet.address });
    const moved = (await chain.balanceOf(seller.address)) - before;
    expect(body.compose_receipt).toMatchObject({
      final_amount_wei: moved.toString(),
      settlement_status: 'settled',
      tx_hash: payment?.transaction,
    });
    expect(await chain.transfersTo(seller.address)).toContainEqual({
      hash: payment?.transaction,
      from: buyer.wallet.address,
      value: moved,
    });
    expect(moved).toBeGreaterThan(COST);
  });

  it('pays what was used by upto, for a whole answer', async () => {
    upstream.next(answer);
    const buyer = await Buyer.with(chain, 10_000n, ['upto', 'exact']);
    const before = await chain.balanceOf(seller.address);

    const response = await buyer.fetch(chatUrl, chatRequest({ max_tokens: 100 }));

    expect(response.status).toBe(200);
    expect(paymentOf(response)).toMatchObject({ success: true, amount: COST.toString() });
    expect((await chain.balanceOf(seller.address)) - before).toBe(COST);
  });

  it.each(['exact', 'upto'] as const)('pays for a stream by %s', async (scheme) => {
    upstream.next(answer);
    const buyer = await Buyer.with(chain, 10_000n, [scheme]);
    const before = await chain.balanceOf(seller.address);

    const response = await buyer.fetch(chatUrl, chatRequest({ max_tokens: 100, stream: true }));

    expect(response.status).toBe(200);
    const frames = framesOf(await response.text());
    const receipt = receiptIn(frames) as Receipt;
    const moved = (await chain.balanceOf(seller.address)) - before;
    expect(receipt).toMatchObject({ finalAmountWei: moved.toString(), settlementStatus: 'settled' });
    expect(await chain.receipt(receipt.txHash as `0x${string}`)).toMatchObject({ status: 'success' });
    if (scheme === 'exact') expect(paymentOf(response)?.transaction).toBe(receipt.txHash);
    else expect(moved).toBe(COST);
    expect(frames.at(-1)?.data).toBe('[DONE]');
  });
});
