import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { PaymentPayload, PaymentRequirements } from '@x402/core/types';
import { toFacilitatorEvmSigner } from '@x402/evm';
import { ExactEvmScheme } from '@x402/evm/exact/facilitator';
import { UptoEvmScheme } from '@x402/evm/upto/facilitator';
import { createWalletClient, http, publicActions } from 'viem';
import { nonceManager, privateKeyToAccount } from 'viem/accounts';
import type { Hex, LocalChain, Wallet } from '../../scripts/local-chain/local-chain.js';
import { close, listen } from './node-proxy.js';

/** How the service behaves when it is to settle. */
export type Manner =
  | 'plain'
  /** It settles, and its answer does not come. */
  | 'silent'
  | 'badGateway'
  /** It settles another payment of the wallet with it. */
  | 'double'
  /** It settles, and answers after its client's patience. */
  | 'slow'
  /** It asks for a payment twice before it settles. */
  | 'twicePaymentRequired'
  /** It settles later than it answers, after its own patience. */
  | 'pending'
  /** It says that it is about to settle, and never does. */
  | 'pendingForEver'
  /** It says that it has settled, and does not. */
  | 'lying'
  /** It says that another payment's transaction was this one's. */
  | 'citing'
  | 'refusing'
  | 'garbage';

export interface ScriptedFacilitator {
  readonly url: string;
  manner: Manner;
  /** What `verify` answers with; undefined: what the scheme says. */
  verdict: { readonly status: number; readonly body: string } | undefined;
  /** What it settles besides when it is to settle double. */
  spare: PaymentPayload | undefined;
  /** How long a slow answer takes after the settlement. */
  slowMs: number;
  /** A transaction to cite. */
  cited: string;
  stop(): Promise<void>;
}

interface Asked {
  readonly paymentPayload: PaymentPayload;
  readonly paymentRequirements: PaymentRequirements;
}

/** A facilitator as a service of its own, which settles with the protocol's library. */
export async function startScriptedFacilitator(
  chain: LocalChain,
  wallet: Wallet,
): Promise<ScriptedFacilitator> {
  const account = privateKeyToAccount(wallet.privateKey, { nonceManager });
  const client = createWalletClient({
    account,
    chain: chain.client.chain,
    transport: http(chain.rpcUrl),
    pollingInterval: 20,
  }).extend(publicActions);
  const signer = toFacilitatorEvmSigner({
    ...client,
    address: account.address,
    waitForTransactionReceipt: ({ hash }: { hash: Hex }) => chain.mined(hash),
  } as never);
  const schemes = { exact: new ExactEvmScheme(signer), upto: new UptoEvmScheme(signer) };
  const schemeOf = (name: string) => schemes[name as keyof typeof schemes];
  const network = `eip155:${chain.chainId}`;
  const times = new Map<string, number>();

  const settle = async ({ paymentPayload, paymentRequirements }: Asked): Promise<Reply> => {
    const really = () => schemeOf(paymentRequirements.scheme).settle(paymentPayload, paymentRequirements);
    const nothing = { success: false, transaction: '', network };
    switch (service.manner) {
      case 'plain':
        return { status: 200, body: await really() };
      case 'silent':
        await really();
        return undefined;
      case 'badGateway':
        await really();
        return { status: 502, body: 'bad gateway' };
      case 'double':
        if (service.spare)
          await schemeOf(paymentRequirements.scheme).settle(service.spare, service.spare.accepted);
        return { status: 200, body: await really() };
      case 'slow':
        await really();
        await delay(service.slowMs);
        return { status: 200, body: { ...nothing, errorReason: 'settlement_timeout' } };
      case 'twicePaymentRequired': {
        const key = JSON.stringify(paymentPayload.payload);
        const asked = (times.get(key) ?? 0) + 1;
        times.set(key, asked);
        return asked > 2
          ? { status: 200, body: await really() }
          : { status: 402, body: { error: 'payment_required' } };
      }
      case 'pending':
        void delay(700).then(really);
        return {
          status: 200,
          body: { ...nothing, errorReason: 'settlement_pending', transaction: service.cited },
        };
      case 'pendingForEver':
        return {
          status: 200,
          body: { ...nothing, errorReason: 'settlement_pending', transaction: service.cited },
        };
      case 'lying':
      case 'citing':
        return { status: 200, body: { success: true, transaction: service.cited, network } };
      case 'refusing':
        return { status: 200, body: { ...nothing, errorReason: 'invalid_exact_evm_insufficient_balance' } };
      case 'garbage':
        return { status: 200, body: 'settled, honestly' };
    }
  };

  const answer = async (path: string | undefined, asked: () => Promise<Asked>): Promise<Reply> => {
    if (path === '/supported')
      return {
        status: 200,
        body: {
          kinds: [
            { x402Version: 2, scheme: 'exact', network },
            { x402Version: 2, scheme: 'upto', network, extra: { facilitatorAddress: account.address } },
          ],
          extensions: [],
          signers: { 'eip155:*': [account.address] },
        },
      };
    const { paymentPayload, paymentRequirements } = await asked();
    if (path === '/settle') return settle({ paymentPayload, paymentRequirements });
    return (
      service.verdict ?? {
        status: 200,
        body: await schemeOf(paymentRequirements.scheme).verify(paymentPayload, paymentRequirements),
      }
    );
  };

  const server = createServer((request, response) => {
    void answer(request.url, () => json(request) as Promise<Asked>).then((reply) => {
      if (!reply) return;
      const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await listen(server);
  const service: ScriptedFacilitator = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    manner: 'plain',
    verdict: undefined,
    spare: undefined,
    slowMs: 3_000,
    cited: `0x${'ab'.repeat(32)}`,
    stop: () => close(server),
  };
  return service;
}

type Reply = { readonly status: number; readonly body: unknown } | undefined;
