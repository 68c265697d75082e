import type { PaymentsConfig } from '../../base/config.js';
import { isHttpUrl } from '../environment/rules.js';
import type { Section, TextRule } from './section.js';

/** The payment settings of the file. */
export type FilePayments = Omit<PaymentsConfig, 'leaseMs'>;

/** Avalanche Fuji, known without configuration. */
const BUILT_IN_CHAIN_ID = 43_113;
const DEFAULT_FEE_BPS = 100;

const RPC_URL: TextRule = { test: isHttpUrl, words: 'an http(s) URL without user, query and fragment' };
const ADDRESS: TextRule = {
  test: (address) => /^0x[0-9a-fA-F]{40}$/.test(address),
  words: 'an address: 0x and 40 hexadecimal digits',
};
const TOKEN_TEXT: TextRule = {
  test: (text) => text.length >= 1 && text.length <= 64,
  words: '1 to 64 characters, as the token contract gives it',
};

export const DEFAULT_PAYMENTS: FilePayments = {
  feeBps: DEFAULT_FEE_BPS,
  defaultChainId: BUILT_IN_CHAIN_ID,
  chainIds: [BUILT_IN_CHAIN_ID],
  x402: undefined,
};

export function readPayments(section: Section | undefined): FilePayments {
  if (section === undefined) return DEFAULT_PAYMENTS;
  const chainIds = readChainIds(section);
  const feeBps = section.wholeNumber('fee_bps', 0, 10_000) ?? DEFAULT_FEE_BPS;
  const defaultChainId = readChainId(section, 'default_chain_id') ?? BUILT_IN_CHAIN_ID;
  if (!chainIds.includes(defaultChainId))
    section.refuse('default_chain_id', 'must be the id of one of the chains');
  refuseX402(section.section('x402'));
  section.end();
  return { feeBps, defaultChainId, chainIds, x402: undefined };
}

function readChainIds(payments: Section): readonly number[] {
  const ids = new Set<number>();
  for (const chain of payments.sections('chains')) {
    chain.require('id');
    const id = readChainId(chain, 'id');
    if (id !== undefined && ids.has(id)) chain.refuse('id', 'is the id of an earlier chain');
    if (id !== undefined) ids.add(id);
    chain.text('rpc_url', RPC_URL);
    chain.text('usdc', ADDRESS);
    chain.text('usdc_name', TOKEN_TEXT);
    chain.text('usdc_version', TOKEN_TEXT);
    chain.wholeNumber('confirmations', 1, 10_000);
    chain.end();
  }
  return [...ids.add(BUILT_IN_CHAIN_ID)];
}

function readChainId(section: Section, key: string): number | undefined {
  return section.wholeNumber(key, 1, 999_999_999_999_999);
}

/** A feature that does not exist must not look switched on. */
function refuseX402(section: Section | undefined): void {
  if (section === undefined) return;
  section.accept('pay_to', 'facilitator', 'signer_key', 'default_max_amount');
  if (section.boolean('enabled') === true)
    section.refuse('enabled', 'x402 payments are not available in this version');
  section.end();
}
