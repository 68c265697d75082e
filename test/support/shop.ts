import {
  decodePaymentRequiredHeader,
  decodePaymentSignatureHeader,
  encodePaymentSignatureHeader,
} from '@x402/core/http';
import type { PaymentPayload, PaymentRequired, PaymentRequirements, SettleResponse } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { privateKeyToAccount } from 'viem/accounts';
import {
  CONTRACTS,
  startLocalChain,
  type Hex,
  type LocalChain,
  type Wallet,
} from '../../scripts/local-chain/local-chain.js';
import { PaymentChains } from '../../src/payments/x402/facilitator.js';
import { expectChainAgrees } from './chain-agrees.js';
import { fileFor, TestGateway, type GatewayOptions } from './gateway.js';
import { startNodeProxy, type NodeProxy } from './node-proxy.js';
import { startScriptedUpstream, type ScriptedUpstream } from './scripted-upstream.js';
import { until } from './until.js';

/** How a wallet pays: by `exact` with the token's own authorisation or by Permit2, or by `upto`. */
export type Way = 'exact' | 'permit2' | 'upto';

export function wayOf({ scheme, extra }: PaymentRequirements): Way {
  if (scheme === 'upto') return scheme;
  return extra['assetTransferMethod'] === 'permit2' ? 'permit2' : 'exact';
}

interface ShopSettings {
  /** Makes the file's providers and models; `fileFor` unless given. */
  readonly base?: (upstreamUrl: string) => object;
  readonly x402?: object;
  readonly provider?: object;
  readonly model?: object;
}

/** A gateway file with which wallets pay on a local chain; see `fileFor`. */
export function shopFile(
  upstreamUrl: string,
  { chainId, rpcUrl }: Pick<LocalChain, 'chainId' | 'rpcUrl'>,
  {
    seller,
    signer,
    x402 = {},
    base,
    ...rest
  }: ShopSettings & { readonly seller: Hex; readonly signer: Wallet },
): object {
  const token = { usdc: CONTRACTS.usdc, usdc_name: 'USD Coin', usdc_version: '2' };
  const facilitator = { facilitator: 'embedded', signer_key: signer.privateKey };
  const file = (base?.(upstreamUrl) ?? fileFor(upstreamUrl, rest)) as ReturnType<typeof fileFor>;
  const free = { ...file.models[0], id: 'free-model', pricing: { input: 0, output: 0 } };
  return {
    ...file,
    models: [...file.models, free],
    payments: {
      default_chain_id: chainId,
      chains: [{ id: chainId, rpc_url: rpcUrl, ...token }],
      x402: { enabled: true, pay_to: seller, ...facilitator, ...x402 },
    },
  };
}

/** A gateway that sells calls on a chain of its own, of whose node it can lose sight. */
export class Shop {
  private constructor(
    readonly chain: LocalChain,
    /** Between the gateway and the chain's node. */
    readonly node: NodeProxy,
    readonly upstream: ScriptedUpstream,
    readonly gateway: TestGateway,
    readonly file: object,
    readonly seller: Hex,
    /** Moves the payments, and pays refunds. */
    readonly signer: Wallet,
  ) {}

  /** @param rule for the gateway's questions to the node, from before its start */
  static async start(
    settings: ShopSettings = {},
    { rule, ...options }: GatewayOptions & { readonly rule?: Parameters<NodeProxy['rule']>[0] } = {},
  ): Promise<Shop> {
    const [chain, upstream] = await Promise.all([startLocalChain(), startScriptedUpstream()]);
    const node = await startNodeProxy(chain.rpcUrl);
    if (rule) node.rule(rule);
    const [signer, { address: seller }] = [await chain.wallet(), await chain.wallet()];
    const file = shopFile(
      upstream.url,
      { chainId: chain.chainId, rpcUrl: node.url },
      { seller, signer, ...settings },
    );
    const gateway = await TestGateway.start({ ...options, file });
    // Its first look at the chain may take longer than its start waits for.
    const chains: PaymentChains = gateway.app.get(PaymentChains);
    if (!rule) await until(() => chains.ready().length > 0);
    return new Shop(chain, node, upstream, gateway, file, seller, signer);
  }

  /** Ends all. The chain must agree with the books, and those with themselves. */
  async close(): Promise<void> {
    this.node.rule(() => 'passed');
    try {
      await this.expectPaid();
    } finally {
      await this.end();
    }
  }

  /** Ends all, whatever the books say. */
  async end(): Promise<void> {
    await this.gateway.close();
    await Promise.all([this.upstream.close(), this.node.stop()]);
    await this.chain.stop();
  }

  /** See `expectChainAgrees`. */
  async expectPaid(): Promise<void> {
    await this.gateway.idle();
    await expectChainAgrees(this.gateway.pool, this.chain, this.seller);
  }

  /** A native chat call; without a payment unless its header is given. */
  chat(body: object, payment?: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.post('/v1/chat/completions', chatBody(body), payment, headers);
  }

  post(
    path: string,
    body: object,
    payment?: string,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(this.gateway.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(payment === undefined ? {} : { 'payment-signature': payment }),
        ...headers,
      },
      body: JSON.stringify(body),
    });
  }

  /** A fresh payment for a chat call, as its header has it. */
  async paymentFor(buyer: Buyer, body: object, headers: Record<string, string> = {}): Promise<string> {
    return buyer.sign(requiredBy(await this.chat(body, undefined, headers)));
  }

  /** What has reached the seller from a wallet. */
  async receivedFrom({ wallet }: Buyer): Promise<readonly bigint[]> {
    const all = await this.chain.transfersTo(this.seller);
    return all.filter(({ from }) => from === wallet.address).map(({ value }) => value);
  }

  /** The states of a wallet's payments, oldest first. */
  async statesOf({ wallet }: Buyer): Promise<readonly string[]> {
    const { rows } = await this.gateway.pool.query<{ state: string }>(
      'SELECT state FROM x402_payments WHERE payer = $1 ORDER BY claimed_at',
      [wallet.address.toLowerCase()],
    );
    return rows.map(({ state }) => state);
  }
}

/** A wallet with money, and a stock client that pays with it. */
export class Buyer {
  private constructor(
    readonly wallet: Wallet,
    readonly client: x402Client,
  ) {}

  /** @param balance atomic units; Permit2 may move all of it */
  static async with(chain: LocalChain, balance: bigint, ways: readonly Way[] = ['exact']): Promise<Buyer> {
    const wallet = await chain.wallet();
    if (balance > 0n) await chain.mint(wallet.address, balance);
    if (ways.some((way) => way !== 'exact')) await chain.approvePermit2(wallet.privateKey);
    return new Buyer(wallet, clientOf(wallet, chain.chainId, ways));
  }

  /** `fetch` that pays when it is asked to. */
  get fetch(): typeof fetch {
    return wrapFetchWithPayment(fetch, this.client);
  }

  /**
   * Signs what it is asked for, as `PAYMENT-SIGNATURE` has it.
   * @param seconds how long the signature is good, instead of as long as it is asked to be
   */
  async sign(required: PaymentRequired, seconds?: number): Promise<string> {
    const accepts = required.accepts.map((terms) => ({
      ...terms,
      maxTimeoutSeconds: seconds ?? terms.maxTimeoutSeconds,
    }));
    const payload = await this.client.createPaymentPayload({ ...required, accepts });
    const accepted = required.accepts.find((terms) => wayOf(terms) === wayOf(payload.accepted));
    return encodePaymentSignatureHeader({ ...payload, accepted: accepted ?? payload.accepted });
  }
}

function clientOf({ privateKey }: Wallet, chainId: number, ways: readonly Way[]): x402Client {
  const account = privateKeyToAccount(privateKey);
  return x402Client.fromConfig({
    schemes: [new UptoEvmScheme(account), new ExactEvmScheme(account)].map((client) => ({
      network: `eip155:${chainId}`,
      client,
    })),
    policies: [(_version, accepts) => accepts.filter((terms) => ways.includes(wayOf(terms)))],
    // The stock limits know no token of this chain.
    spendControls: false,
  });
}

function chatBody(body: object): object {
  return { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...body };
}

export function chatRequest(body: object = {}, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(chatBody(body)),
  };
}

/** What a 402 asks for. */
export function requiredBy(response: Response): PaymentRequired {
  const header = response.headers.get('payment-required');
  if (header === null) throw new Error(`${response.status} asks for no payment`);
  return decodePaymentRequiredHeader(header);
}

/** What `PAYMENT-RESPONSE` says. */
export function paymentOf(response: Response): SettleResponse | undefined {
  const header = response.headers.get('payment-response');
  return header === null ? undefined : decodePaymentResponseHeader(header);
}

/** The parts of a payment of which the schemes' types say nothing. */
export interface OpenPayment extends Omit<PaymentPayload, 'payload'> {
  payload: {
    signature: string;
    authorization?: Record<string, string>;
    permit2Authorization?: Record<string, string> & {
      permitted: Record<string, string>;
      witness: Record<string, string>;
    };
  };
}

/** The same header with something changed in the payment. */
export function changed(header: string, change: (payment: OpenPayment) => void): string {
  const payment = decodePaymentSignatureHeader(header) as unknown as OpenPayment;
  change(payment);
  return Buffer.from(JSON.stringify(payment)).toString('base64');
}
