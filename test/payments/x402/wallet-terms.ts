import { x402Client, x402HTTPClient } from '@x402/core/client';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { appendPaymentIdentifierToExtensions } from '@x402/extensions/payment-identifier';
import { privateKeyToAccount } from 'viem/accounts';
import {
  askedAmounts,
  paymentRequirements,
  type ChainTerms,
} from '../../../src/payments/x402/requirements.js';
import type { PaymentTerms } from '../../../src/payments/x402/read-payment.js';
import { wayOf, type Way } from '../../support/shop.js';

export const CHAIN: ChainTerms = {
  chainId: 43_113,
  network: 'eip155:43113',
  payTo: '0x71C7656EC7ab88b098defB751B7401B5f6d8976F',
  asset: '0x5425890298aed601595a70AB815c96711a31Bc65',
  assetName: 'USD Coin',
  assetVersion: '2',
  facilitatorAddress: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  permit2: '0x000000000022D473030F116dDEE9F6B43aC78BA3',
  exactProxy: '0x402085c248EeA27D92E8b30b2C58ed07f9E20001',
  uptoProxy: '0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002',
  hasPermit2Exact: true,
  hasUpto: true,
};

export const TERMS: PaymentTerms = {
  chain: CHAIN,
  accepts: paymentRequirements(CHAIN, {
    ...askedAmounts('50000', { wanted: 20_000n, minimum: 10n }, 1_000_000n),
    usage: true,
    timeoutMs: 600_000,
  }),
  resource: { url: 'https://gateway.example/v1/chat/completions', mimeType: 'application/json' },
};

export const WALLET = privateKeyToAccount(`0x${'7a'.repeat(32)}`);

/** The header with which a stock client answers a challenge. */
export async function stockHeader(challenge: string, way: Way, identifier?: string): Promise<string> {
  const client = new x402Client()
    .register('eip155:*', way === 'upto' ? new UptoEvmScheme(WALLET) : new ExactEvmScheme(WALLET))
    .registerPolicy((_version, accepts) => accepts.filter((terms) => wayOf(terms) === way))
    .setSpendControls(false);
  const http = new x402HTTPClient(client);
  const required = http.getPaymentRequiredResponse((name) =>
    name.toUpperCase() === 'PAYMENT-REQUIRED' ? challenge : undefined,
  );
  if (identifier !== undefined) appendPaymentIdentifierToExtensions(required.extensions ?? {}, identifier);
  const payload = await http.createPaymentPayload(required);
  return http.encodePaymentSignatureHeader(payload)['PAYMENT-SIGNATURE'] ?? '';
}
