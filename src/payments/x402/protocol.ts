import { isDeepStrictEqual } from 'node:util';
import { encodePaymentRequiredHeader, encodePaymentResponseHeader } from '@x402/core/http';
import type { PaymentRequirements, ResourceInfo } from '@x402/core/types';
import { createJWSOfferReceiptIssuer, type OfferReceiptIssuer } from '@x402/extensions/offer-receipt';
import { declarePaymentIdentifierExtension } from '@x402/extensions/payment-identifier';
import { getAddress } from 'viem/utils';
import type { ReceiptKey } from '../receipts/receipt-key-store.js';
import type { ReceiptSigner } from '../receipts/receipt-signer.js';
import type { SignedPayment } from './payment.js';
import { X402_VERSION } from './requirements.js';

export interface Challenge {
  readonly accepts: readonly PaymentRequirements[];
  /** Its `url` is the public one. */
  readonly resource: ResourceInfo;
  /** The protocol's reason for which a payment was refused. */
  readonly error?: string | undefined;
}

/** What became of a payment, as its client is told. */
export type PaymentResult =
  /** `amount` moved on chain, or 0 without a transaction where nothing was used. */
  | { readonly success: true; readonly transactionHash: string | undefined; readonly amount: bigint }
  | { readonly success: false; readonly reason: string };

/** Clients and proxies bound the size of headers. */
const MOST_ACCEPTS = 4;
const LONGEST_REASON = 100;

/**
 * Writes the headers of x402 version 2: standard base64 of JSON. Offers and receipts in them are signed with the key that
 * signs the gateway's own receipts (extension `offer-receipt`).
 */
export class PaymentProtocol {
  private readonly issuer: OfferReceiptIssuer;

  constructor(signer: ReceiptSigner) {
    const kid = didOf(signer.publicKey);
    const sign = (bytes: Uint8Array): Promise<string> => Promise.resolve(signer.signBytes(bytes));
    this.issuer = createJWSOfferReceiptIssuer(kid, { kid, format: 'jws', algorithm: 'EdDSA', sign });
  }

  /** @returns the value of `PAYMENT-REQUIRED` */
  async challenge({ accepts, resource, error }: Challenge): Promise<string> {
    const offered = accepts.slice(0, MOST_ACCEPTS);
    const offers = await Promise.all(
      offered.flatMap((requirements, acceptIndex) => {
        // Offers say nothing of `extra`, and the header is long: what differs in that alone has one.
        if (offered.slice(0, acceptIndex).some((earlier) => isSameOffer(earlier, requirements))) return [];
        const { maxTimeoutSeconds: offerValiditySeconds, ...terms } = requirements;
        return this.issuer.issueOffer(resource.url, { ...terms, acceptIndex, offerValiditySeconds });
      }),
    );
    return encodePaymentRequiredHeader({
      x402Version: X402_VERSION,
      ...(error === undefined ? {} : { error: reasonCode(error) }),
      resource,
      accepts: offered,
      extensions: {
        'payment-identifier': declarePaymentIdentifierExtension(false),
        'offer-receipt': { info: { offers }, schema: schemaOf('offers', 'array') },
      },
    });
  }

  /** @returns the value of `PAYMENT-RESPONSE` */
  async response(payment: SignedPayment, resourceUrl: string, result: PaymentResult): Promise<string> {
    const network = `eip155:${payment.chainId}` as const;
    const payer = getAddress(payment.payer);
    if (!result.success) {
      const errorReason = reasonCode(result.reason);
      return encodePaymentResponseHeader({ success: false, errorReason, payer, transaction: '', network });
    }
    const transaction = result.transactionHash ?? '';
    const receipt = await this.issuer.issueReceipt(resourceUrl, payer, network, result.transactionHash);
    return encodePaymentResponseHeader({
      success: true,
      payer,
      transaction,
      network,
      amount: result.amount.toString(),
      extensions: { 'offer-receipt': { info: { receipt }, schema: schemaOf('receipt', 'object') } },
    });
  }
}

/** A key as a DID that needs no look-up (method `did:jwk`); `/.well-known/jwks.json` says that it is the gateway's. */
function didOf({ x }: ReceiptKey): string {
  const jwk = Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x })).toString('base64url');
  return `did:jwk:${jwk}#0`;
}

function isSameOffer(one: PaymentRequirements, other: PaymentRequirements): boolean {
  return isDeepStrictEqual({ ...one, extra: {} }, { ...other, extra: {} });
}

function schemaOf(name: string, type: string): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { [name]: { type } },
    required: [name],
  };
}

/** Facilitators put the text of a failure behind its code: it is long, and may tell of an RPC. */
function reasonCode(reason: string): string {
  return /^\w+/.exec(reason)?.[0].slice(0, LONGEST_REASON) ?? 'unexpected_settle_error';
}
