import { randomBytes } from 'node:crypto';
import { newId } from '../../../src/base/ids.js';
import { buildReceipt } from '../../../src/base/money/build-receipt.js';
import type { CompletionWords } from '../../../src/payments/x402/payment-store.js';
import type { Receipt } from '../../../src/base/money/receipt.js';
import { Payer, accountOfWallet } from '../../../src/payments/payer.js';
import type { HoldGrant, HoldRequest, SignedSettlement } from '../../../src/payments/ledger.js';
import type { PaymentClaim, SignedPayment } from '../../../src/payments/x402/payment.js';
import { PostgresPaymentStore } from '../../../src/storage/x402/postgres-payment-store.js';
import { PostgresTransactionJournal } from '../../../src/storage/x402/postgres-transaction-journal.js';
import { testSigner } from '../../support/receipt-signer.js';
import { holdRequest, openBooks, settlementOf, type Books } from '../payments/ledger-fixture.js';

export const CHAIN = 43113;
export const REPEAT_MS = 600_000;

export function newAddress(): string {
  return `0x${randomBytes(20).toString('hex')}`;
}

export function newHash(): string {
  return `0x${randomBytes(32).toString('hex')}`;
}

export interface PaymentBooks extends Books {
  readonly payments: PostgresPaymentStore;
  readonly journal: PostgresTransactionJournal;
}

export async function openPaymentBooks(url: string): Promise<PaymentBooks> {
  const books = await openBooks(url);
  return {
    ...books,
    payments: new PostgresPaymentStore(books.database),
    journal: new PostgresTransactionJournal(books.database),
  };
}

export function signedPayment(payer: string, more: Partial<SignedPayment> = {}): SignedPayment {
  const nonce = BigInt(newHash());
  const from = payer.toUpperCase().replace('0X', '0x');
  return {
    chainId: CHAIN,
    scheme: 'upto',
    method: 'permit2',
    payer,
    contract: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    nonce,
    asset: '0x5425890298aed601595a70ab815c96711a31bc65',
    payTo: '0x00000000000000000000000000000000000000aa',
    authorised: 100n,
    validUntilMs: Date.now() + 3_600_000,
    payload: { x402Version: 2, payload: { permit2Authorization: { from, nonce: nonce.toString() } } },
    requirements: { scheme: 'upto', network: `eip155:${CHAIN}`, amount: '100' },
    ...more,
  };
}

export function claimOf(payment: SignedPayment, more: Partial<PaymentClaim> = {}): PaymentClaim {
  return {
    id: newId('pay'),
    payment,
    available: 1_000n,
    movedBefore: 0n,
    openKey: newId('req'),
    repeatMs: REPEAT_MS,
    ...more,
  };
}

/** The request for the hold of a call that a wallet pays for. */
export function walletRequest(claim: PaymentClaim, more: Partial<HoldRequest> = {}): HoldRequest {
  const { chainId, payer, authorised, scheme } = claim.payment;
  const key = { id: '', payer: Payer.ofWallet(chainId, payer) };
  const request = holdRequest(key, authorised);
  return {
    ...request,
    terms: { ...request.terms, payment: { scheme } },
    once: { key: claim.id, fingerprint: Buffer.from('fingerprint') },
    payment: claim,
    ...more,
  };
}

/** Ends the hold of a request as `Settling` does, with a receipt whose signature shows its amounts. */
export function walletSettlement(
  request: HoldRequest,
  grant: HoldGrant,
  price: bigint,
  transactionHash?: string,
): SignedSettlement {
  const claim = request.payment;
  if (!claim) throw new Error('the request has no payment');
  const { payer, scheme, authorised } = claim.payment;
  const key = { id: grant.keyId, payer: request.payer, accountId: accountOfWallet(payer) };
  const line = { key: 'output_tokens', unit: 'usd_per_1m_tokens', quantity: 1, unitPriceUsd: '1' };
  const settlement = {
    ...settlementOf(request, key, price),
    charge: { lineItems: [{ ...line, amountWei: String(price) }], providerAmount: price, platformFee: 0n },
    payment: { scheme, authorised, transactionHash },
  };
  const finalAmount = scheme === 'exact' || price > authorised ? authorised : price;
  const isPending = transactionHash === undefined && finalAmount > 0n;
  const receipt = buildReceipt({
    ...settlement,
    ...settlement.charge,
    finalAmount,
    overrun: price - finalAmount,
    settlementStatus: isPending ? 'pending' : 'settled',
    txHash: transactionHash,
    signature: undefined,
  });
  const signed = { ...receipt, signature: signatureOf(receipt) };
  const end = {
    signature: signed.signature,
    answer: {
      kind: 'whole' as const,
      status: 200,
      headers: { 'X-Compose-Receipt': Buffer.from(JSON.stringify(signed)).toString('base64url') },
      content: JSON.stringify({ text: 'hello', compose_receipt: signed }),
    },
  };
  return { ...settlement, ...end, endWith: () => end };
}

export function signatureOf(receipt: Receipt): string {
  return testSigner.sign(receipt);
}

/** The words with which payments are completed. */
export const words: CompletionWords = {
  sign: signatureOf,
  response: ({ id, transactionHash }) => Promise.resolve(`${id} was paid by ${transactionHash}`),
};
