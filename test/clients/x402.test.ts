import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { wrapAxiosWithPayment, x402Client as AxiosClient } from '@x402/axios';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { wrapFetchWithPayment, x402Client, type PaymentRequirements } from '@x402/fetch';
import axios from 'axios';
import { privateKeyToAccount } from 'viem/accounts';
import { wrapFetchWithPayment as wrapOlderFetch, x402Client as OlderClient } from 'x402-fetch-2-14';
import type { Wallet } from '../../scripts/local-chain/local-chain.js';
import { says } from '../support/chat-scripts.js';
import { chatUsage } from '../support/chat-wire.js';
import { describeOnLocalChain } from '../support/on-local-chain.js';
import { Shop, wayOf, type Way } from '../support/shop.js';
import { fileOf, oneJob } from '../e2e/charging/askers.js';

/** Posts a JSON body, pays when it is asked to, and gives the status and the text of the answer. */
type Post = (url: string, body: object) => Promise<{ readonly status: number; readonly text: string }>;

interface AnyClient<Client> {
  register(network: `eip155:${string}`, scheme: ExactEvmScheme | UptoEvmScheme): Client;
  registerPolicy(policy: (version: number, accepts: PaymentRequirements[]) => PaymentRequirements[]): Client;
}

function payingBy<Client extends AnyClient<Client>>(client: Client, wallet: Wallet, way: Way): Client {
  const account = privateKeyToAccount(wallet.privateKey);
  client.register('eip155:43113', way === 'upto' ? new UptoEvmScheme(account) : new ExactEvmScheme(account));
  // Of what a scheme can pay, clients take the first that is offered, unless they are told otherwise.
  return way === 'permit2'
    ? client.registerPolicy((_version, accepts) => accepts.filter((terms) => wayOf(terms) === way))
    : client;
}

function postWith(paying: typeof fetch): Post {
  return async (url, body) => {
    const headers = { 'content-type': 'application/json' };
    const response = await paying(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  };
}

/** The stock clients, as their own documentation sets them up. */
const CLIENTS: Readonly<Record<string, (wallet: Wallet, way: Way) => Post>> = {
  '@x402/fetch 2.27': (wallet, way) => {
    // Its limits know no token of this chain.
    const client = x402Client.fromConfig({ schemes: [], spendControls: false });
    return postWith(wrapFetchWithPayment(fetch, payingBy(client, wallet, way)));
  },
  '@x402/fetch 2.14': (wallet, way) =>
    postWith(wrapOlderFetch(fetch, payingBy(new OlderClient(), wallet, way))),
  '@x402/axios 2.11': (wallet, way) => {
    const api = wrapAxiosWithPayment(axios.create(), payingBy(new AxiosClient(), wallet, way));
    return async (url, body) => {
      const { status, data }: { status: number; data: string } = await api.post(url, body, {
        responseType: 'text',
        transformResponse: [(text: string) => text],
      });
      return { status, text: data };
    };
  },
};

describeOnLocalChain('stock clients of x402', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await Shop.start({ base: (url) => fileOf(url) });
  });
  beforeEach(() => shop.upstream.reset());
  afterAll(async () => {
    // The films that were paid for come to their end.
    shop.upstream.always(oneJob(() => ({ status: 'completed', progress: 100 })));
    await shop.close();
  });

  const messages = [{ role: 'user', content: 'Hi' }];
  const CALLS: Readonly<Record<string, readonly [path: string, body: object]>> = {
    'a whole chat call': ['/v1/chat/completions', { messages, max_tokens: 100 }],
    'a streamed chat call': ['/v1/chat/completions', { messages, max_tokens: 100, stream: true }],
    'a whole response': ['/v1/responses', { input: 'Hi', max_output_tokens: 100 }],
    'a streamed response': ['/v1/responses', { input: 'Hi', max_output_tokens: 100, stream: true }],
  };

  const paidBy = async (wallet: Wallet): Promise<bigint> => {
    const transfers = await shop.chain.transfersTo(shop.seller);
    return transfers
      .filter(({ from }) => from === wallet.address)
      .reduce((sum, { value }) => sum + value, 0n);
  };

  const receiptIn = (text: string): { status: string; amount: string; hash: string } => {
    const found =
      /"finalAmountWei":"(\d+)".*?"settlementStatus":"(\w+)","txHash":"(\w+)"/.exec(text) ??
      /"final_amount_wei":"(\d+)".*?"settlement_status":"(\w+)","tx_hash":"(\w+)"/.exec(text);
    const [, amount = '', status = '', hash = ''] = found ?? [];
    return { amount, status, hash };
  };

  const cases = Object.keys(CLIENTS).flatMap((client) =>
    (['exact', 'permit2', 'upto'] as const).flatMap((way) =>
      Object.keys(CALLS).map((call) => [client, way, call] as const),
    ),
  );

  it.each(cases)('%s pays by %s for %s', async (name, way, call) => {
    shop.upstream.next(says([{ content: 'Hello' }], 'stop', chatUsage(10, 5)));
    const wallet = await shop.chain.wallet();
    await shop.chain.mint(wallet.address, 100_000n);
    if (way !== 'exact') await shop.chain.approvePermit2(wallet.privateKey);
    const [path, body] = CALLS[call]!;

    const answer = await CLIENTS[name]!(wallet, way)(shop.gateway.url + path, {
      model: 'test-model',
      ...body,
    });

    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Hello');
    const receipt = receiptIn(answer.text);
    expect(receipt).toEqual({
      status: 'settled',
      amount: (await paidBy(wallet)).toString(),
      hash: expect.any(String),
    });
    expect(await shop.chain.receipt(receipt.hash as `0x${string}`)).toMatchObject({ status: 'success' });
    if (way === 'upto') expect(receipt.amount).toBe('21');
  });

  const buyers = Object.keys(CLIENTS).flatMap((client) =>
    (['exact', 'permit2'] as const).map((way) => [client, way] as const),
  );

  it.each(buyers)('%s pays by %s for a video', async (name, way) => {
    shop.upstream.always(oneJob(() => ({ status: 'in_progress', progress: 10 })));
    const wallet = await shop.chain.wallet();
    await shop.chain.mint(wallet.address, 1_000_000n);
    if (way !== 'exact') await shop.chain.approvePermit2(wallet.privateKey);

    const answer = await CLIENTS[name]!(wallet, way)(`${shop.gateway.url}/v1/videos`, {
      model: 'film',
      prompt: 'A dog',
    });

    expect(answer.status).toBe(200);
    expect(await paidBy(wallet)).toBe(404_000n);
  });
});
