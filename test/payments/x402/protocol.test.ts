import { beforeAll, describe, expect, it } from '@jest/globals';
import { decodePaymentRequiredHeader, decodePaymentResponseHeader } from '@x402/core/http';
import {
  extractOfferPayload,
  extractOffersFromPaymentRequired,
  verifyOfferSignatureJWS,
  verifyReceiptSignatureJWS,
  type JWSSignedOffer,
  type JWSSignedReceipt,
} from '@x402/extensions/offer-receipt';
import { newSigningKey, parseSigningKey } from '../../../src/base/signing-key.js';
import { ReceiptSigner } from '../../../src/payments/receipts/receipt-signer.js';
import { PaymentProtocol } from '../../../src/payments/x402/protocol.js';
import { readPayment } from '../../../src/payments/x402/read-payment.js';
import { stockHeader, TERMS, WALLET } from './wallet-terms.js';

const signer = new ReceiptSigner(parseSigningKey(newSigningKey()));
const protocol = new PaymentProtocol(signer);
const PUBLIC_JWK = { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', x: signer.publicKey.x };
const { accepts, resource } = TERMS;
const [upto, exact, permit2] = accepts;

describe('PAYMENT-REQUIRED', () => {
  let value: string;
  beforeAll(async () => {
    value = await protocol.challenge({
      accepts,
      resource,
      error: 'invalid_exact_evm_signature: at https://rpc',
    });
  });

  it('is standard base64 of what stock clients read, and short enough for proxies', () => {
    expect(Buffer.from(value, 'base64').toString('base64')).toBe(value);
    expect(value.length).toBeLessThan(4_096);
    expect(decodePaymentRequiredHeader(value)).toMatchObject({
      x402Version: 2,
      error: 'invalid_exact_evm_signature',
      resource,
      accepts: [...accepts],
      extensions: { 'payment-identifier': { info: { required: false } } },
    });
  });

  it('has no more than four ways to pay', async () => {
    const many = await protocol.challenge({ accepts: [...accepts, ...accepts, ...accepts], resource });
    const { accepts: offered, error } = decodePaymentRequiredHeader(many);
    expect(offered).toHaveLength(4);
    expect(error).toBeUndefined();
  });

  it('offers all with signatures that the published key verifies, those that differ in extra with one', async () => {
    const offers = extractOffersFromPaymentRequired(decodePaymentRequiredHeader(value)) as JWSSignedOffer[];
    expect(offers.map(({ acceptIndex }) => acceptIndex)).toEqual([0, 1]);
    for (const [index, offer] of offers.entries()) {
      const { scheme, network, asset, payTo, amount } = accepts[index] ?? {};
      expect(extractOfferPayload(offer)).toMatchObject({
        resourceUrl: resource.url,
        ...{ scheme, network, asset, payTo, amount },
      });
      await expect(verifyOfferSignatureJWS(offer, PUBLIC_JWK)).resolves.toBeDefined();
      await expect(verifyOfferSignatureJWS(offer)).resolves.toBeDefined();
      const changed = {
        ...offer,
        signature: offer.signature.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')),
      };
      await expect(verifyOfferSignatureJWS(changed, PUBLIC_JWK)).rejects.toThrow();
    }
  });
});

describe('a stock client', () => {
  it.each([
    ['exact', 'exact', 'eip3009', exact],
    ['permit2', 'exact', 'permit2', permit2],
    ['upto', 'upto', 'permit2', upto],
  ] as const)('pays by %s', async (way, scheme, method, agreed) => {
    const challenge = await protocol.challenge({ accepts, resource });
    const before = Date.now();
    const read = readPayment(await stockHeader(challenge, way, 'order_0123456789'), TERMS, Date.now());
    if ('refused' in read) throw new Error(read.refused);
    const { payment, identifier } = read;
    expect(identifier).toBe('order_0123456789');
    expect(payment).toMatchObject({
      chainId: 43_113,
      scheme,
      method,
      payer: WALLET.address.toLowerCase(),
      contract: (method === 'eip3009' ? TERMS.chain.asset : TERMS.chain.permit2).toLowerCase(),
      asset: TERMS.chain.asset.toLowerCase(),
      payTo: TERMS.chain.payTo.toLowerCase(),
      authorised: BigInt(agreed?.amount ?? ''),
      requirements: agreed,
    });
    expect(payment.payload).toMatchObject({ x402Version: 2, resource, accepted: agreed });
    expect(payment.validUntilMs).toBeGreaterThan(before + 658_000);
    expect(payment.validUntilMs).toBeLessThanOrEqual(Date.now() + 660_000);
  });

  it('needs no name for its payment', async () => {
    const header = await stockHeader(await protocol.challenge({ accepts, resource }), 'exact');
    expect(readPayment(header, TERMS, Date.now())).toMatchObject({ identifier: undefined });
  });
});

describe('PAYMENT-RESPONSE', () => {
  const paid = async () => {
    const header = await stockHeader(await protocol.challenge({ accepts, resource }), 'upto');
    const read = readPayment(header, TERMS, Date.now());
    if ('refused' in read) throw new Error(read.refused);
    return read.payment;
  };

  it('tells what has moved, with a receipt', async () => {
    const transactionHash = `0x${'ab'.repeat(32)}`;
    const result = { success: true, transactionHash, amount: 2_350n } as const;
    const value = await protocol.response(await paid(), resource.url, result);
    const { extensions, ...told } = decodePaymentResponseHeader(value);
    expect(told).toEqual({
      success: true,
      payer: WALLET.address,
      transaction: transactionHash,
      network: 'eip155:43113',
      amount: '2350',
    });
    const { receipt } = (extensions?.['offer-receipt'] as { info: { receipt: JWSSignedReceipt } }).info;
    await expect(verifyReceiptSignatureJWS(receipt, PUBLIC_JWK)).resolves.toMatchObject({
      payer: WALLET.address,
      network: 'eip155:43113',
      resourceUrl: resource.url,
      transaction: transactionHash,
    });
  });

  it('tells that nothing had to move', async () => {
    const result = { success: true, transactionHash: undefined, amount: 0n } as const;
    const value = await protocol.response(await paid(), resource.url, result);
    expect(decodePaymentResponseHeader(value)).toMatchObject({ success: true, transaction: '', amount: '0' });
  });

  it('tells the code of a failure, and nothing of its text', async () => {
    const reason = 'invalid_exact_evm_transaction_failed: reverted at https://rpc/secret';
    const value = await protocol.response(await paid(), resource.url, { success: false, reason });
    expect(decodePaymentResponseHeader(value)).toEqual({
      success: false,
      errorReason: 'invalid_exact_evm_transaction_failed',
      payer: WALLET.address,
      transaction: '',
      network: 'eip155:43113',
    });
  });
});
