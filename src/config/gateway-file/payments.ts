import type { PaymentsConfig } from '../../base/config.js';
import type { Section } from './section.js';
import { readPaymentChain, readX402, type FileChain, type FileX402 } from './x402.js';

/** The payment settings of the file. */
export interface FilePayments extends Omit<PaymentsConfig, 'leaseMs' | 'x402'> {
  readonly x402: FileX402 | undefined;
}

/** Avalanche Fuji, known without configuration. */
const BUILT_IN_CHAIN_ID = 43_113;
const DEFAULT_FEE_BPS = 100;

export const DEFAULT_PAYMENTS: FilePayments = {
  feeBps: DEFAULT_FEE_BPS,
  defaultChainId: BUILT_IN_CHAIN_ID,
  chainIds: [BUILT_IN_CHAIN_ID],
  x402: undefined,
};

export function readPayments(section: Section | undefined): FilePayments {
  if (section === undefined) return DEFAULT_PAYMENTS;
  const chains = readChains(section);
  const chainIds = [...new Set([...chains.map(({ chainId }) => chainId), BUILT_IN_CHAIN_ID])];
  const feeBps = section.wholeNumber('fee_bps', 0, 10_000) ?? DEFAULT_FEE_BPS;
  const defaultChainId = readChainId(section, 'default_chain_id') ?? BUILT_IN_CHAIN_ID;
  if (!chainIds.includes(defaultChainId))
    section.refuse('default_chain_id', 'must be the id of one of the chains');
  const x402 = readX402(section.section('x402'), chains);
  section.end();
  return { feeBps, defaultChainId, chainIds, x402 };
}

function readChains(payments: Section): readonly FileChain[] {
  const chains = new Map<number, FileChain>();
  for (const section of payments.sections('chains')) {
    section.require('id');
    const chainId = readChainId(section, 'id');
    if (chainId !== undefined && chains.has(chainId)) section.refuse('id', 'is the id of an earlier chain');
    const given = readPaymentChain(section);
    if (chainId !== undefined) chains.set(chainId, { chainId, section, given });
    section.end();
  }
  return [...chains.values()];
}

function readChainId(section: Section, key: string): number | undefined {
  return section.wholeNumber(key, 1, 999_999_999_999_999);
}
