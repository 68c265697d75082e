import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import type { SettleResponse } from '@x402/core/types';
import { privateKeyToAccount } from 'viem/accounts';
import type { Hex, LocalChain, Wallet } from '../../scripts/local-chain/local-chain.js';
import { fileFor } from './gateway.js';

export type Scheme = 'exact' | 'upto';

/** A gateway file with which wallets pay on a local chain; see `fileFor`. */
export function shopFile(
  upstreamUrl: string,
  chain: LocalChain,
  {
    seller,
    signer,
    x402 = {},
    ...rest
  }: {
    readonly seller: Hex;
    readonly signer: Wallet;
    readonly x402?: object;
    readonly provider?: object;
    readonly model?: object;
  },
): object {
  return {
    ...fileFor(upstreamUrl, rest),
    payments: {
      default_chain_id: chain.chainId,
      chains: [
        {
          id: chain.chainId,
          rpc_url: chain.rpcUrl,
          usdc: '0x5425890298aed601595a70AB815c96711a31Bc65',
          usdc_name: 'USD Coin',
          usdc_version: '2',
        },
      ],
      x402: {
        enabled: true,
        pay_to: seller,
        facilitator: 'embedded',
        signer_key: signer.privateKey,
        ...x402,
      },
    },
  };
}

/** A wallet with money, and a stock client that pays with it. */
export class Buyer {
  private constructor(
    readonly wallet: Wallet,
    readonly client: x402Client,
  ) {}

  /** @param balance atomic units; Permit2 may move all of it */
  static async with(
    chain: LocalChain,
    balance: bigint,
    schemes: readonly Scheme[] = ['exact'],
  ): Promise<Buyer> {
    const wallet = await chain.wallet();
    await chain.mint(wallet.address, balance);
    if (schemes.includes('upto')) await chain.approvePermit2(wallet.privateKey);
    return new Buyer(wallet, clientOf(wallet, chain.chainId, schemes));
  }

  /** `fetch` that pays when it is asked to. */
  get fetch(): typeof fetch {
    return wrapFetchWithPayment(fetch, this.client);
  }
}

function clientOf({ privateKey }: Wallet, chainId: number, schemes: readonly Scheme[]): x402Client {
  const account = privateKeyToAccount(privateKey);
  return x402Client.fromConfig({
    schemes: schemes.map((scheme) => ({
      network: `eip155:${chainId}`,
      client: scheme === 'upto' ? new UptoEvmScheme(account) : new ExactEvmScheme(account),
    })),
    // The stock limits know no token of this chain.
    spendControls: false,
  });
}

export function chatRequest(body: object = {}, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], ...body }),
  };
}

/** What `PAYMENT-RESPONSE` says. */
export function paymentOf(response: Response): SettleResponse | undefined {
  const header = response.headers.get('payment-response');
  return header === null ? undefined : decodePaymentResponseHeader(header);
}
