import type { PaymentChainConfig, X402Config } from '../../base/config.js';
import { isHttpUrl } from '../environment/rules.js';
import { ADDRESS } from './address.js';
import type { Section, TextRule } from './section.js';

/** What the file says of payments by wallets; the environment has the times. */
export type FileX402 = Omit<X402Config, 'settleMs' | 'repeatMs' | 'tokenMs'>;

type ChainSettings = Omit<PaymentChainConfig, 'chainId'>;
type GivenChainSettings = { readonly [Name in keyof ChainSettings]: ChainSettings[Name] | undefined };

/** A chain as the file has it; wallets can pay on it if it has an RPC. */
export interface FileChain {
  readonly chainId: number;
  readonly section: Section;
  readonly given: GivenChainSettings;
}

const DEFAULT_MAX_AMOUNT = 1_000_000n;
const DEFAULT_CONFIRMATIONS = 1;
const LARGEST_AMOUNT = 1_000_000_000_000_000n;

/** Circle's USDC on Avalanche Fuji: the one chain that needs no token settings. */
const FUJI_USDC = {
  chainId: 43_113,
  asset: '0x5425890298aed601595a70AB815c96711a31Bc65',
  assetName: 'USD Coin',
  assetVersion: '2',
} as const;

/** Contracts that have the same address on every chain: Permit2, and x402's proxies for it. */
const CONTRACTS = {
  permit2: '0x000000000022D473030F116dDEE9F6B43aC78BA3',
  exactProxy: '0x402085c248EeA27D92E8b30b2C58ed07f9E20001',
  uptoProxy: '0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002',
} as const;

const RPC_URL: TextRule = { test: isHttpUrl, words: 'an http(s) URL without user, query and fragment' };
const TOKEN_TEXT: TextRule = {
  test: (text) => text.length >= 1 && text.length <= 64,
  words: '1 to 64 characters, as the token contract gives it',
};
const FACILITATOR: TextRule = {
  test: (text) => text === 'embedded' || isHttpUrl(text),
  words: 'embedded, or the http(s) URL of a facilitator, without user, query and fragment',
};
const RECIPIENT: TextRule = {
  test: (address) => ADDRESS.test(address) && !/^0x0{40}$/.test(address),
  words: `${ADDRESS.words}, and not zero`,
};
/** The order of the curve secp256k1: private keys are below it (SEC 2, section 2.4.1). */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PRIVATE_KEY: TextRule = {
  test: (key) => /^0x[0-9a-fA-F]{64}$/.test(key) && BigInt(key) > 0n && BigInt(key) < CURVE_ORDER,
  words: 'a private key: 0x and 64 hexadecimal digits',
};
const AMOUNT: TextRule = {
  test: (digits) => /^\d{1,16}$/.test(digits) && BigInt(digits) > 0n && BigInt(digits) <= LARGEST_AMOUNT,
  words: `a whole number of atomic units from 1 to ${LARGEST_AMOUNT.toString()}`,
};

/** The settings of one entry of `chains`, but for its id. */
export function readPaymentChain(section: Section): GivenChainSettings {
  return {
    rpcUrl: section.text('rpc_url', RPC_URL),
    asset: section.text('usdc', ADDRESS),
    assetName: section.text('usdc_name', TOKEN_TEXT),
    assetVersion: section.text('usdc_version', TOKEN_TEXT),
    confirmations: section.wholeNumber('confirmations', 1, 10_000),
    permit2: section.text('permit2', ADDRESS),
    exactProxy: section.text('exact_proxy', ADDRESS),
    uptoProxy: section.text('upto_proxy', ADDRESS),
  };
}

/** Undefined unless `enabled`: the other settings may be there all the same, with variables that are not set. */
export function readX402(section: Section | undefined, chains: readonly FileChain[]): FileX402 | undefined {
  if (section === undefined) return undefined;
  if (section.boolean('enabled') !== true) {
    section.accept('pay_to', 'facilitator', 'signer_key', 'default_max_amount');
    section.end();
    return undefined;
  }
  section.require('pay_to');
  const payTo = section.text('pay_to', RECIPIENT) ?? '';
  const facilitator = section.text('facilitator', FACILITATOR) ?? 'embedded';
  const facilitatorUrl = facilitator === 'embedded' ? undefined : facilitator;
  const signerKey = readSignerKey(section, facilitatorUrl);
  const maxAmount = section.text('default_max_amount', AMOUNT);
  const paid = chains.filter((chain) => !chain.section.isMissing('rpc_url')).map(paymentChain);
  if (paid.length === 0) section.refuse('enabled', 'needs a chain with rpc_url among payments.chains');
  section.end();
  const defaultMaxAmount = maxAmount === undefined ? DEFAULT_MAX_AMOUNT : BigInt(maxAmount);
  return { payTo, signerKey, facilitatorUrl, defaultMaxAmount, chains: paid };
}

/** A key that nobody uses would be kept, and risked, for nothing. */
function readSignerKey(section: Section, facilitatorUrl: string | undefined): string | undefined {
  if (facilitatorUrl === undefined) section.require('signer_key');
  else if (!section.isMissing('signer_key'))
    return section.refuse('signer_key', 'is for the embedded facilitator alone');
  return section.text('signer_key', PRIVATE_KEY);
}

/** A missing value has been noted as a problem, so the empty text in its place is never used. */
function paymentChain({ section, chainId, given }: FileChain): PaymentChainConfig {
  const token = chainId === FUJI_USDC.chainId ? FUJI_USDC : undefined;
  if (token === undefined) section.require('usdc', 'usdc_name', 'usdc_version');
  return {
    chainId,
    rpcUrl: given.rpcUrl ?? '',
    asset: given.asset ?? token?.asset ?? '',
    assetName: given.assetName ?? token?.assetName ?? '',
    assetVersion: given.assetVersion ?? token?.assetVersion ?? '',
    confirmations: given.confirmations ?? DEFAULT_CONFIRMATIONS,
    permit2: given.permit2 ?? CONTRACTS.permit2,
    exactProxy: given.exactProxy ?? CONTRACTS.exactProxy,
    uptoProxy: given.uptoProxy ?? CONTRACTS.uptoProxy,
  };
}
