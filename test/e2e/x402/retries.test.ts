import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { ReplicatedShop } from '../../support/replicated-shop.js';
import { completion } from '../../support/scripted-upstream.js';
import { Buyer, chatRequest, paymentOf, requiredBy } from '../../support/shop.js';

const PURCHASES = Number(process.env['X402_PURCHASES'] ?? 60);
const BUYERS = 10;
/** Impatient clients give up so many times before they wait. */
const IMPATIENT = 6;
const SETTLEMENTS = 40;

describeOnLocalChain('two replicas with one signer', () => {
  let shop: ReplicatedShop;

  beforeAll(async () => {
    shop = await ReplicatedShop.start(false);
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  it('sell at one what the other has asked a payment for', async () => {
    const buyer = await Buyer.with(shop.chain, 1_000_000n);
    const request = chatRequest({ max_tokens: 100 });
    const header = await buyer.sign(requiredBy(await fetch(shop.chatUrl(0), request)));
    const headers = { ...(request.headers as object), 'payment-signature': header };
    const paid = await fetch(shop.chatUrl(1), { ...request, headers });
    expect([paid.status, paymentOf(paid)?.success]).toEqual([200, true]);
    expect(await shop.receivedFrom(buyer)).toHaveLength(1);
  });

  it(`settle ${SETTLEMENTS} payments at once`, async () => {
    const buyers = await Promise.all(
      Array.from({ length: SETTLEMENTS }, () => Buyer.with(shop.chain, 1_000_000n)),
    );
    const statuses = await Promise.all(
      buyers.map(async (buyer, index) => {
        const response = await buyer.fetch(shop.chatUrl(index), chatRequest({ max_tokens: 100 }));
        return [response.status, paymentOf(response)?.success];
      }),
    );
    expect(statuses).toEqual(buyers.map(() => [200, true]));
    for (const buyer of buyers) expect(await shop.receivedFrom(buyer)).toHaveLength(1);
  });

  it(`are paid once for each of ${PURCHASES} purchases by clients that give up and ask again`, async () => {
    shop.upstream.always(async (exchange) => {
      await delay(Math.random() * 100);
      completion('Hello!')(exchange);
    });
    const seen: Record<string, number> = {};
    const note = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);

    /** Asks until it has its answer. */
    const purchase = async (buyer: Buyer, id: string): Promise<void> => {
      const request = chatRequest({ max_tokens: 100 }, { 'idempotency-key': id });
      for (let turn = 0; turn < 60; turn += 1) {
        const patienceMs = turn < IMPATIENT ? Math.ceil(Math.random() * 400) : 30_000;
        const signal = AbortSignal.timeout(patienceMs);
        try {
          const response = await buyer.fetch(shop.chatUrl(turn), { ...request, signal });
          const text = await response.text();
          note(String(response.status));
          if (response.status === 200 && text.includes('Hello!')) return;
        } catch (failure) {
          if (!signal.aborted) throw failure;
          note('timeout');
        }
        await delay(Math.random() * 200);
      }
      throw new Error(`${id} got no answer`);
    };

    const startedMs = Date.now();
    const buyers = await Promise.all(
      Array.from({ length: BUYERS }, (_, index) =>
        Buyer.with(shop.chain, 10_000_000n, [index % 2 === 0 ? 'exact' : 'upto']),
      ),
    );
    const each = PURCHASES / BUYERS;
    await Promise.all(
      buyers.map(async (buyer, index) => {
        for (let number = 0; number < each; number += 1) await purchase(buyer, `${index}-${number}`);
      }),
    );
    console.info(`${PURCHASES} purchases in ${Date.now() - startedMs} ms`, seen);
    for (const buyer of buyers) expect(await shop.receivedFrom(buyer)).toHaveLength(each);
    expect(shop.upstream.requests).toHaveLength(PURCHASES);
    expect(seen['402']).toBeUndefined();
  }, 300_000);
});
