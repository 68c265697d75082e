import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { says } from '../../support/chat-scripts.js';
import { chatUsage } from '../../support/chat-wire.js';
import { describeOnLocalChain } from '../../support/on-local-chain.js';
import { Buyer, paymentOf, requiredBy, Shop } from '../../support/shop.js';

interface Compacted {
  readonly object: string;
  readonly output: readonly { readonly type: string }[];
  readonly compose_receipt: object;
}

describeOnLocalChain('a wallet that pays for Responses', () => {
  let shop: Shop;
  let buyer: Buyer;

  beforeAll(async () => {
    shop = await Shop.start();
    buyer = await Buyer.with(shop.chain, 1_000_000n, ['upto']);
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(() => shop.close());

  const request = (body: object, token?: string): RequestInit => ({
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ model: 'test-model', max_output_tokens: 100, ...body }),
  });
  const buy = (body: object, token?: string): Promise<Response> =>
    buyer.fetch(`${shop.gateway.url}/v1/responses`, request(body, token));
  const get = (path: string, token?: string): Promise<Response> =>
    fetch(
      `${shop.gateway.url}${path}`,
      token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
    );
  const answer = (content: string) => says([{ content }], 'stop', chatUsage(10, 5));

  it('reads back what it paid for with its token, and nobody else does', async () => {
    shop.upstream.next(answer('My name is Ada.'));
    const response = await buy({ input: 'Who are you?' });
    expect(response.status).toBe(200);
    const { id } = (await response.json()) as { id: string };
    const token = response.headers.get('x-compose-access-token') ?? '';
    expect(token).toMatch(/^compose-/);

    const own = await get(`/v1/responses/${id}`, token);
    expect(await own.json()).toMatchObject({ id, status: 'completed' });

    const { key } = await shop.gateway.createKey();
    shop.upstream.next(answer('Me neither.'));
    const stranger = await Buyer.with(shop.chain, 1_000_000n, ['upto']);
    const theirs = await stranger.fetch(`${shop.gateway.url}/v1/responses`, request({ input: 'And you?' }));
    const theirToken = theirs.headers.get('x-compose-access-token') ?? '';
    expect((await get(`/v1/responses/${id}`, key)).status).toBe(404);
    expect((await get(`/v1/responses/${id}`, theirToken)).status).toBe(404);
    expect((await get(`/v1/responses/${id}`)).status).toBe(401);
    expect((await get(`/external/v1/responses/${id}`, token)).status).toBe(401);
  });

  it('continues a chain as the wallet that its token names', async () => {
    shop.upstream.next(answer('My name is Ada.'));
    const first = await buy({ input: 'Who are you?' });
    const { id } = (await first.json()) as { id: string };
    const token = first.headers.get('x-compose-access-token') ?? '';

    const unnamed = await fetch(
      `${shop.gateway.url}/v1/responses`,
      request({ input: 'And?', previous_response_id: id }),
    );
    expect(unnamed.status).toBe(400);
    expect(unnamed.headers.has('payment-required')).toBe(false);

    shop.upstream.next(answer('Ada, as I said.'));
    const second = await buy({ input: 'What was it?', previous_response_id: id }, token);
    expect(second.status).toBe(200);
    expect(JSON.stringify(shop.upstream.requests.at(-1)?.body)).toContain('My name is Ada.');
  });

  it.each(['exact', 'upto'] as const)('buys a compaction by %s, and goes on from it', async (scheme) => {
    const url = `${shop.gateway.url}/v1/responses/compact`;
    const asked = { input: `Remember that I am Ada (${scheme}).` };
    const unpaid = await fetch(url, request(asked));
    expect(unpaid.status).toBe(402);
    expect(requiredBy(unpaid).accepts.map((terms) => terms.scheme)).toEqual(['upto', 'exact', 'exact']);

    shop.upstream.next(answer('The user is Ada.'));
    const wallet = await Buyer.with(shop.chain, 1_000_000n, [scheme]);
    const before = await shop.chain.balanceOf(shop.seller);
    const bought = await wallet.fetch(url, request(asked));
    expect(bought.status).toBe(200);
    const { object, output, compose_receipt } = (await bought.json()) as Compacted;
    expect([object, output.at(-1)?.type]).toEqual(['response.compaction', 'compaction']);
    const moved = (await shop.chain.balanceOf(shop.seller)) - before;
    expect(compose_receipt).toMatchObject({
      settlement_status: 'settled',
      final_amount_wei: String(moved),
      tx_hash: paymentOf(bought)?.transaction,
    });

    const unnamed = await fetch(`${shop.gateway.url}/v1/responses`, request({ input: output }));
    expect([unnamed.status, unnamed.headers.has('payment-required')]).toEqual([400, false]);
    shop.upstream.next(answer('Ada.'));
    const token = bought.headers.get('x-compose-access-token') ?? '';
    const next = await wallet.fetch(`${shop.gateway.url}/v1/responses`, request({ input: output }, token));
    expect(next.status).toBe(200);
    expect(JSON.stringify(shop.upstream.requests.at(-1)?.body)).toContain('The user is Ada.');
  });

  it('compacts a chain as the wallet that its token names', async () => {
    shop.upstream.next(answer('My name is Ada.'));
    const first = await buy({ input: 'Who are you, once more?' });
    const { id } = (await first.json()) as { id: string };
    const token = first.headers.get('x-compose-access-token') ?? '';
    const url = `${shop.gateway.url}/v1/responses/compact`;
    const unnamed = await fetch(url, request({ previous_response_id: id }));
    expect([unnamed.status, unnamed.headers.has('payment-required')]).toEqual([400, false]);

    shop.upstream.next(answer('They met Ada.'));
    const compacted = await buyer.fetch(url, request({ previous_response_id: id }, token));
    expect(compacted.status).toBe(200);
    expect(JSON.stringify(shop.upstream.requests.at(-1)?.body)).toContain('My name is Ada.');
  });

  it('is asked for a payment where its token stands alone', async () => {
    shop.upstream.next(answer('Hello'));
    const first = await buy({ input: 'Hi' });
    const token = first.headers.get('x-compose-access-token') ?? '';
    const unpaid = await fetch(`${shop.gateway.url}/v1/responses`, request({ input: 'More' }, token));
    expect(unpaid.status).toBe(402);
    expect(unpaid.headers.has('payment-required')).toBe(true);
  });

  it('[error.payment_used] is told that it has paid when it has erased what it bought', async () => {
    shop.upstream.next(answer('Hello'));
    const url = `${shop.gateway.url}/v1/responses`;
    const body = { input: 'Forget me' };
    const payment = await buyer.sign(requiredBy(await fetch(url, request(body))));
    const headers = { 'content-type': 'application/json', 'payment-signature': payment };
    const send = (): Promise<Response> => fetch(url, { ...request(body), headers });
    const bought = await send();
    const { id } = (await bought.json()) as { id: string };
    const authorization = `Bearer ${bought.headers.get('x-compose-access-token')}`;
    await fetch(`${url}/${id}`, { method: 'DELETE', headers: { authorization } });

    const again = await send();
    expect([again.status, ((await again.json()) as { error: object }).error]).toMatchObject([
      409,
      { code: 'payment_used' },
    ]);
    expect(toldOf(again)).toEqual(toldOf(bought));
  });

  it('cannot pay for a response in the background', async () => {
    const response = await fetch(
      `${shop.gateway.url}/v1/responses`,
      request({ input: 'Hi', background: true }),
    );
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'unsupported_parameter', param: 'background' },
    });
  });
});

/** What a client is told of its payment, without the second in which the receipt was signed. */
function toldOf(response: Response): object {
  const { extensions, ...payment } = paymentOf(response)!;
  const { info } = extensions!['offer-receipt'] as { info: { receipt: { signature: string } } };
  const [, claims = ''] = info.receipt.signature.split('.');
  return {
    ...payment,
    receipt: {
      ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object),
      issuedAt: undefined,
    },
  };
}
