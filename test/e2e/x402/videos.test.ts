import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { hurryPayments } from '../../support/chain-agrees.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { refusal } from '../../support/scripted-upstream.js';
import { Buyer, paymentOf, Shop, type Way } from '../../support/shop.js';
import { giveAway } from '../../support/payer-acts.js';
import { until } from '../../support/until.js';
import { fileOf, oneJob } from '../charging/askers.js';

/** Four seconds at 0.1 USD, and the fee of 1 %. */
const PRICE = 404_000n;
const WAYS = ['exact', 'permit2'] as const;

describeOnLocalChain('a wallet that pays for a video', () => {
  let shop: Shop;
  let state: JsonObject;

  beforeAll(async () => {
    shop = await Shop.start({ base: (url) => fileOf(url, { timeout_ms: 2_000 }) });
  });
  beforeEach(() => {
    shop.upstream.reset();
    state = { status: 'in_progress', progress: 10 };
    shop.upstream.always(oneJob(() => state));
  });
  afterAll(() => shop.close());

  const newBuyer = (way: Way = 'exact'): Promise<Buyer> => Buyer.with(shop.chain, 1_000_000n, [way]);
  const film = (buyer: Buyer, { gateway } = shop): Promise<Response> =>
    buyer.fetch(`${gateway.url}/v1/videos`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'film', prompt: `A dog ${Math.random()}` }),
    });
  const shown = async (id: string, token: string, { gateway } = shop): Promise<JsonObject> => {
    const response = await fetch(`${gateway.url}/v1/videos/${id}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return (await response.json()) as JsonObject;
  };

  it.each(WAYS)('pays when the upstream has accepted it, by %s', async (way) => {
    const before = await shop.chain.balanceOf(shop.seller);
    const response = await film(await newBuyer(way));
    expect(response.status).toBe(200);
    const { id } = (await response.json()) as { id: string };
    const token = response.headers.get('x-compose-access-token') ?? '';
    const transaction = paymentOf(response)?.transaction;
    expect((await shop.chain.balanceOf(shop.seller)) - before).toBe(PRICE);

    state = { status: 'completed', progress: 100 };
    await until(async () => (await shown(id, token))['status'] === 'completed');
    expect(await shown(id, token)).toMatchObject({
      compose_receipt: {
        final_amount_wei: PRICE.toString(),
        settlement_status: 'settled',
        tx_hash: transaction,
      },
    });
  });

  it('pays nothing for one that the upstream refuses', async () => {
    const before = await shop.chain.balanceOf(shop.seller);
    shop.upstream.next(refusal(400, { message: 'no dogs', type: 'invalid_request_error' }));
    const response = await film(await newBuyer());
    expect(response.status).toBe(400);
    expect(await shop.chain.balanceOf(shop.seller)).toBe(before);
  });

  it.each(WAYS)('is owed what it paid for one that fails, by %s', async (way) => {
    const buyer = await newBuyer(way);
    const response = await film(buyer);
    const { id } = (await response.json()) as { id: string };
    const token = response.headers.get('x-compose-access-token') ?? '';
    state = { status: 'failed', error: { code: 'x', message: 'it broke' } };
    await until(async () => (await shown(id, token))['status'] === 'failed');

    const owed = async (): Promise<object[]> => {
      const { rows } = await shop.gateway.pool.query<object>(
        'SELECT amount::text FROM admin.refunds_due WHERE payer = $1',
        [buyer.wallet.address.toLowerCase()],
      );
      return rows;
    };
    await until(async () => (await owed()).length > 0);
    expect(await owed()).toEqual([{ amount: PRICE.toString() }]);
  });

  it.each(['is being made', 'has been made'])(
    'is shown none whose payment fails later, when it %s',
    async (when) => {
      const hasty = await Shop.start(
        { base: (url) => fileOf(url, { timeout_ms: 20_000 }) },
        { environment: { X402_SETTLE_MS: '300' } },
      );
      hasty.upstream.always(oneJob(() => state));
      hasty.node.rule((method) => (method === 'eth_sendRawTransaction' ? 'hanging' : 'passed'));
      const buyer = await Buyer.with(hasty.chain, 1_000_000n, ['exact']);
      const response = await film(buyer, hasty);
      expect(response.status).toBe(503);
      const token = response.headers.get('x-compose-access-token') ?? '';
      const { pool } = hasty.gateway;
      const { rows } = await pool.query<{ id: string }>('SELECT id FROM videos');
      const { id = '' } = rows[0] ?? {};
      const isMade = async (): Promise<boolean> =>
        (await pool.query('SELECT FROM videos WHERE finished_at IS NOT NULL')).rowCount === 1;
      const hasFailed = async (): Promise<boolean> => {
        await hurryPayments(pool);
        return (await hasty.statesOf(buyer)).at(-1) === 'failed';
      };

      if (when === 'has been made') {
        state = { status: 'completed', progress: 100 };
        await until(isMade);
      }
      const { wallet, chain } = { wallet: buyer.wallet, chain: hasty.chain };
      await chain.mined(await giveAway(chain, wallet, await chain.balanceOf(wallet.address)));
      hasty.node.rule(() => 'passed');
      await until(hasFailed);
      state = { status: 'completed', progress: 100 };
      await until(async () => (await isMade()) && (await hurryPayments(pool)));
      expect(await shown(id, token, hasty)).toMatchObject({ error: { code: 'video_not_found' } });
      await hasty.close();
    },
  );
});
