import { getAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { PaymentChainConfig, X402Config } from '../../../base/config.js';
import type { PaymentChain } from '../facilitator.js';
import type { TransactionJournal } from '../transaction-journal.js';
import { ChainProblem, checkChain, type MissingContracts } from './check-chain.js';
import { EmbeddedFacilitator } from './embedded-facilitator.js';
import type { Mover } from './mover.js';
import { RemoteFacilitator } from './remote-facilitator.js';
import { describe, networkOf, openRpc, type Rpc } from './rpc.js';
import { Sender } from './sender.js';
import { Transfers } from './transfers.js';

/** A configured chain, whatever its state. */
export interface OpenChain {
  readonly mover: Mover;
  /**
   * Compares the chain with its configuration.
   * @returns it as requirements describe it, and what is missing there for payments by Permit2
   * @throws as `Mover.tend`
   */
  check(): Promise<{ readonly chain: PaymentChain; readonly missing: MissingContracts }>;
}

export function openChain(
  x402: X402Config,
  config: PaymentChainConfig,
  journal: TransactionJournal,
): OpenChain {
  const { chainId, asset, assetName, assetVersion } = config;
  const rpc = openRpc(config);
  const mover = moverOf(x402, config, rpc, journal);
  return {
    mover,
    check: async () => {
      const missing = await checkChain(rpc, config);
      const { facilitatorAddress, hasUpto } = await mover.offer();
      const chain = {
        chainId,
        network: networkOf(chainId),
        payTo: getAddress(x402.payTo),
        asset: getAddress(asset),
        assetName,
        assetVersion,
        facilitatorAddress,
        permit2: getAddress(config.permit2),
        exactProxy: getAddress(config.exactProxy),
        uptoProxy: getAddress(config.uptoProxy),
        hasPermit2Exact: missing.exact.length === 0,
        hasUpto: hasUpto && missing.upto.length === 0,
        facilitator: mover,
      };
      return { chain, missing };
    },
  };
}

/** The text for the log: what has to be mended, or that something is away. Never holds a secret. */
export function problemOf(thrown: unknown): string {
  return thrown instanceof ChainProblem ? thrown.message : `it cannot be reached: ${describe(thrown)}`;
}

function moverOf(
  { facilitatorUrl: url, signerKey, settleMs }: X402Config,
  { chainId, confirmations }: PaymentChainConfig,
  rpc: Rpc,
  journal: TransactionJournal,
): Mover {
  const transfers = new Transfers(rpc, confirmations);
  if (url !== undefined) return new RemoteFacilitator({ chainId, rpc, url, transfers, settleMs });
  const account = privateKeyToAccount(signerKey as `0x${string}`);
  const sender = new Sender(rpc, chainId, account, journal);
  return new EmbeddedFacilitator({ chainId, rpc, transfers, sender, journal, settleMs });
}
