import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodePaymentSignatureHeader } from '@x402/core/http';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatAnswer, chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { OpenStream, receiptIn } from '../../support/gateway-client.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { broadcastable, broadcastableWithPermit, giveAway, send } from '../../support/payer-acts.js';
import { completion } from '../../support/scripted-upstream.js';
import { Buyer, paymentOf, requiredBy, Shop, wayOf, type Way } from '../../support/shop.js';
import { until } from '../../support/until.js';

const BODY = { max_tokens: 100 };
const STREAM = { ...BODY, stream: true };
const EXACT = ['exact', 'permit2'] as const;
const ANSWER = chatAnswer({ content: 'Hello' }, 'stop', { usage: chatUsage(10, 5) });
const END = sse(chatChunk({}, 'stop'), usageChunk(chatUsage(10, 5)), '[DONE]');

describeOnLocalChain('a wallet that may fall short', () => {
  let shop: Shop;

  beforeAll(async () => {
    shop = await Shop.start();
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  const drain = async ({ wallet }: Buyer): Promise<void> => {
    const hash = await giveAway(shop.chain, wallet, await shop.chain.balanceOf(wallet.address));
    await shop.chain.mined(hash);
  };
  /** What else a wallet that pays by Permit2 can do. */
  const disallow = ({ wallet }: Buyer): Promise<void> => shop.chain.approvePermit2(wallet.privateKey, 0n);
  /** Moves an exact payment, which everybody can do. */
  const broadcast = async (payment: string, call = broadcastable): Promise<string> => {
    const { to, data } = call(decodePaymentSignatureHeader(payment).payload);
    const hash = await send(shop.chain, await shop.chain.wallet(), to, data);
    await shop.chain.mined(hash);
    return hash;
  };
  const priceOf = async (way: Way, body: object): Promise<bigint> => {
    const terms = requiredBy(await shop.chat(body)).accepts.find((one) => wayOf(one) === way);
    return BigInt(terms?.amount ?? 0);
  };

  it.each([
    ['balance', 'upto'],
    ['balance', 'permit2'],
    ['allowance', 'permit2'],
  ] as const)('has no more in flight than its %s covers: %s', async (bound, way) => {
    const price = await priceOf(way, { ...BODY, user: 'user-0' });
    const enough = 3n * price + price / 2n;
    const buyer = await Buyer.with(shop.chain, bound === 'balance' ? enough : 100_000n, [way]);
    if (bound === 'allowance') await shop.chain.approvePermit2(buyer.wallet.privateKey, enough);
    const bodies = Array.from({ length: 8 }, (_, index) => ({ ...BODY, user: `user-${index}` }));
    const payments = await Promise.all(bodies.map((body) => shop.paymentFor(buyer, body)));
    let open: (() => void) | undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    shop.upstream.always(async (exchange) => {
      await opened;
      completion('Hello')(exchange);
    });
    const refused: Response[] = [];
    const all = bodies.map((body, index) => shop.chat(body, payments[index]));
    for (const one of all) void one.then((response) => response.ok || refused.push(response));
    await until(() => refused.length === 5 && shop.upstream.requests.length === 3);
    for (const response of refused)
      expect([response.status, requiredBy(response).error]).toEqual([402, 'insufficient_funds']);
    open?.();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(3);
    const moved = way === 'upto' ? 21n : price;
    expect(await shop.receivedFrom(buyer)).toEqual([moved, moved, moved]);
  });

  it.each([
    ['upto', 'has nothing left', drain],
    ['exact', 'has nothing left', drain],
    ['permit2', 'has nothing left', drain],
    ['permit2', 'has taken its allowance back', disallow],
  ] as const)('gets no answer by %s when it %s at its end', async (way, _words, fallShort) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [way]);
    const payment = await shop.paymentFor(buyer, BODY);
    const stalled = nextStalls(shop.upstream);
    const call = shop.chat(BODY, payment);
    const exchange = await stalled;
    await fallShort(buyer);
    exchange.json(ANSWER);
    const response = await call;
    expect(response.status).toBe(402);
    expect(paymentOf(response)).toMatchObject({ success: false, transaction: '' });
    expect(await response.text()).not.toContain('Hello');
    const again = await shop.chat(BODY, payment);
    expect([again.status, (await again.text()).includes('Hello')]).toEqual([402, false]);
    expect([shop.upstream.requests.length, await shop.statesOf(buyer)]).toEqual([1, ['failed']]);
  });

  it('is told so at the end of a stream', async () => {
    const buyer = await Buyer.with(shop.chain, 10_000n, ['upto']);
    const payment = await shop.paymentFor(buyer, STREAM);
    const stalled = nextStalls(shop.upstream, chatChunk({ content: 'Hello' }));
    const stream = new OpenStream(await shop.chat(STREAM, payment));
    const exchange = await stalled;
    await stream.shows('Hello');
    await drain(buyer);
    exchange.end(END);
    const frames = await stream.frames();
    expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
      code: 'payment_required',
    });
    expect(receiptIn(frames)).toMatchObject({ finalAmountWei: '21', settlementStatus: 'failed' });
    expect(await shop.statesOf(buyer)).toEqual(['failed']);
  });

  it.each([
    ['exact', 'has nothing left', drain],
    ['permit2', 'has taken its allowance back', disallow],
  ] as const)('gets no stream by %s when it %s at the first token', async (way, _words, fallShort) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [way]);
    const payment = await shop.paymentFor(buyer, STREAM);
    const stalled = nextStalls(shop.upstream);
    const call = shop.chat(STREAM, payment);
    const exchange = await stalled;
    await fallShort(buyer);
    await exchange.send(sse(chatChunk({ content: 'Hello' })));
    const response = await call;
    expect([response.status, paymentOf(response)?.success]).toEqual([402, false]);
    expect(await response.text()).not.toContain('Hello');
    expect([await shop.receivedFrom(buyer), await shop.statesOf(buyer)]).toEqual([[], ['failed']]);
  });

  it.each(EXACT)('has paid for a stream by %s before its first byte, not its first token', async (way) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [way]);
    const payment = await shop.paymentFor(buyer, STREAM);
    const stalled = nextStalls(shop.upstream);
    let answered = false;
    const call = shop.chat(STREAM, payment).finally(() => (answered = true));
    const exchange = await stalled;
    exchange.head();
    await exchange.send(': a comment\n\n');
    await exchange.send(sse(chatChunk({ role: 'assistant', content: '' })));
    expect([answered, await shop.receivedFrom(buyer)]).toEqual([false, []]);
    await exchange.send(sse(chatChunk({ content: 'Hello' })));
    const response = await call;
    expect(paymentOf(response)).toMatchObject({ success: true });
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
    await drain(buyer);
    exchange.end(END);
    const receipt = receiptIn(await new OpenStream(response).frames());
    expect(receipt).toMatchObject({ settlementStatus: 'settled', txHash: paymentOf(response)?.transaction });
  });

  it.each(EXACT)('pays nothing for a stream by %s that breaks before its first token', async (way) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [way]);
    const payment = await shop.paymentFor(buyer, STREAM);
    shop.upstream.always(async (exchange) => {
      await exchange.send(`: a comment\n\n${sse(chatChunk({ role: 'assistant', content: '' }))}`);
      exchange.breakConnection();
    });
    const response = await shop.chat(STREAM, payment);
    expect(response.status).toBeGreaterThanOrEqual(500);
    await shop.gateway.idle();
    expect([await shop.receivedFrom(buyer), await shop.statesOf(buyer)]).toEqual([[], []]);
    shop.upstream.reset();
    expect((await shop.chat(STREAM, payment)).status).toBe(200);
  });

  it.each([
    ['exact', 'all that it has', broadcastable],
    ['permit2', 'some of what it has', broadcastable],
    ['permit2', 'all that it has', broadcastable],
    ['permit2', 'some of what it has, with a permit', broadcastableWithPermit],
  ] as const)('has paid, once, when somebody else has moved before, by %s: %s', async (way, what, call) => {
    const price = await priceOf(way, BODY);
    const buyer = await Buyer.with(shop.chain, what.startsWith('all') ? price : 10_000n, [way]);
    const payment = await shop.paymentFor(buyer, BODY);
    const hash = await broadcast(payment, call);
    const response = await shop.chat(BODY, payment);
    expect([response.status, paymentOf(response)?.transaction]).toEqual([200, hash]);
    expect(response.headers.has('x-compose-access-token')).toBe(false);
    expect((await shop.chat(BODY, payment)).headers.get('x-compose-idempotent-replay')).toBe('true');
    expect((await shop.chat({ max_tokens: 99 }, payment)).status).toBe(402);
    expect([shop.upstream.requests.length, (await shop.receivedFrom(buyer)).length]).toEqual([1, 1]);
  });

  it.each(EXACT)('has paid, once, when somebody else moves while its call runs, by %s', async (way) => {
    const buyer = await Buyer.with(shop.chain, 10_000n, [way]);
    const payment = await shop.paymentFor(buyer, BODY);
    const stalled = nextStalls(shop.upstream);
    const call = shop.chat(BODY, payment);
    const exchange = await stalled;
    const hash = await broadcast(payment);
    exchange.json(ANSWER);
    const response = await call;
    expect([response.status, paymentOf(response)?.transaction]).toEqual([200, hash]);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
  });

  it('is asked for no other payment while the chain does not tell where its own has gone', async () => {
    const buyer = await Buyer.with(shop.chain, 10_000n);
    const payment = await shop.paymentFor(buyer, BODY);
    const hash = await broadcast(payment);
    shop.node.rule((method) => (method === 'eth_getLogs' ? 'empty' : 'passed'));
    const unknown = await shop.chat(BODY, payment);
    shop.node.rule(() => 'passed');
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '5']);
    const response = await shop.chat(BODY, payment);
    expect([response.status, paymentOf(response)?.transaction]).toEqual([200, hash]);
  });

  describe('whose signature ends', () => {
    let brief: Shop;

    beforeAll(async () => {
      brief = await Shop.start({ provider: { timeout_ms: 6_000 } });
    });
    beforeEach(() => brief.upstream.reset());
    afterAll(() => brief.close());

    it('is refused when too little of it is left', async () => {
      const buyer = await Buyer.with(brief.chain, 10_000n, ['upto']);
      const required = requiredBy(await brief.chat(BODY));
      expect(required.accepts[0]?.maxTimeoutSeconds).toBe(66);
      const response = await brief.chat(BODY, await buyer.sign(required, 34));
      expect([response.status, requiredBy(response).error]).toEqual([402, 'permit2_deadline_expired']);
      expect(brief.upstream.requests).toHaveLength(0);
    });

    it.each(['upto', ...EXACT] as const)('is cut in mid-stream, and pays in time: %s', async (way) => {
      const buyer = await Buyer.with(brief.chain, 10_000n, [way]);
      const payment = await buyer.sign(requiredBy(await brief.chat(STREAM)), 38);
      const deadlineMs = Date.now() + 38_000;
      void nextStalls(brief.upstream, chatChunk({ content: 'Hello' }));
      const stream = new OpenStream(await brief.chat(STREAM, payment));
      const frames = await stream.frames();
      expect(deadlineMs - Date.now()).toBeGreaterThan(20_000);
      expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
        code: 'upstream_timeout',
      });
      expect(receiptIn(frames)).toMatchObject({ settlementStatus: 'settled' });
      expect(await brief.receivedFrom(buyer)).toHaveLength(1);
    });

    it('is cut although its provider would have gone on: its first attempt took the time', async () => {
      const attemptsEnded = async (): Promise<readonly string[]> => {
        const metrics = await (await fetch(`${brief.gateway.url}/metrics`)).text();
        return metrics.split('\n').filter((line) => line.startsWith('slipstream_upstream_attempts_total'));
      };
      const before = await attemptsEnded();
      const buyer = await Buyer.with(brief.chain, 10_000n, ['upto']);
      const payment = await buyer.sign(requiredBy(await brief.chat(STREAM)), 38);
      brief.upstream.next(async (exchange) => {
        await sleep(3_000);
        exchange.json({ error: {} }, 503);
      });
      void nextStalls(brief.upstream, chatChunk({ content: 'Hello' }));
      const stream = new OpenStream(await brief.chat(STREAM, payment));
      const frames = await stream.frames();
      expect(frames.find(({ event }) => event === 'compose.error')?.data).toMatchObject({
        code: 'upstream_timeout',
      });
      expect(receiptIn(frames)).toMatchObject({ settlementStatus: 'settled' });
      // The provider's own limit would have ended the second attempt as a time-out of its own.
      const ended = (await attemptsEnded()).filter((line) => !before.includes(line));
      expect(ended.map((line) => /outcome="(\w+)"/.exec(line)?.[1])).toEqual(['upstream_unavailable']);
    });
  });
});
