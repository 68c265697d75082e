import { isDeepStrictEqual } from 'node:util';
import { decodePaymentSignatureHeader } from '@x402/core/http';
import { PaymentPayloadV2Schema } from '@x402/core/schemas';
import type { PaymentRequirements, ResourceInfo } from '@x402/core/types';
import { isValidPaymentId } from '@x402/extensions/payment-identifier';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject } from '../../base/json.js';
import type { SignedPayment } from './payment.js';
import { transferMethodOf, X402_VERSION, type ChainTerms } from './requirements.js';
import { refusalOf, signedTransfer, type SignedTransfer } from './signed-transfer.js';

/** What this request asks of a payment. */
export interface PaymentTerms {
  readonly chain: ChainTerms;
  readonly accepts: readonly PaymentRequirements[];
  readonly resource: ResourceInfo;
}

/** By which a payment is known that was claimed before, on whatever terms. */
export interface PaymentIdentity extends Pick<SignedPayment, 'chainId' | 'contract' | 'payer' | 'nonce'> {
  readonly signature: string;
}

export type ReadPayment =
  | {
      readonly payment: SignedPayment;
      /** The client's name for this payment (extension `payment-identifier`). */
      readonly identifier: string | undefined;
      readonly identity: PaymentIdentity;
    }
  | {
      /** The protocol's reason for a 402. */
      readonly refused: string;
      /** Undefined where the payload does not tell. */
      readonly identity: PaymentIdentity | undefined;
    };

const HEADER = 'PAYMENT-SIGNATURE';
/** Room for the offers that clients send back, and for signatures of contract wallets. */
const LONGEST_HEADER = 12_288;

/**
 * Reads `PAYMENT-SIGNATURE`, and checks all that can be checked without the chain. What it returns has one spelling for
 * one payment, and nothing in it that was not checked.
 * @param now epoch milliseconds
 * @throws GatewayError `invalid_value` for what is no payment at all
 */
export function readPayment(header: string, terms: PaymentTerms, now: number): ReadPayment {
  const sent = decoded(header);
  if (sent['x402Version'] !== X402_VERSION) return { refused: 'invalid_x402_version', identity: undefined };
  if (!PaymentPayloadV2Schema.safeParse(sent).success) throw malformed();
  const { accepted, payload, resource, extensions } = sent;
  if (!isJsonObject(accepted) || !isJsonObject(payload)) throw malformed();
  const signed = signedTransfer(payload, terms.chain);
  const identity = signed && identityOf(signed, terms.chain);
  const agreed = agreedTerms(accepted, terms.accepts);
  if (typeof agreed === 'string') return { refused: agreed, identity };
  if (isJsonObject(resource) && resource['url'] !== terms.resource.url)
    return { refused: 'invalid_payment_requirements', identity };
  const identifier = readIdentifier(isJsonObject(extensions) ? extensions : {});
  if (identifier === 'mismatch') return { refused: 'extension_echo_mismatch', identity };
  if (signed === undefined || identity === undefined) throw malformed();
  const refused = refusalOf(signed, agreed, now);
  if (refused !== undefined) return { refused, identity };
  return { payment: signedPayment(signed.transfer, agreed, terms), identifier: identifier.id, identity };
}

function identityOf(
  { signature, transfer: { contract, payer, nonce } }: NonNullable<ReturnType<typeof signedTransfer>>,
  { chainId }: ChainTerms,
): PaymentIdentity {
  return { chainId, contract, payer, nonce, signature };
}

function signedPayment(
  { payload, ...transfer }: SignedTransfer,
  agreed: PaymentRequirements,
  { chain, resource }: PaymentTerms,
): SignedPayment {
  const requirements = { ...agreed } as unknown as JsonObject;
  return {
    chainId: chain.chainId,
    ...transfer,
    asset: agreed.asset.toLowerCase(),
    payTo: agreed.payTo.toLowerCase(),
    authorised: BigInt(agreed.amount),
    payload: {
      x402Version: X402_VERSION,
      resource: { ...resource },
      accepted: requirements,
      payload,
    },
    requirements,
  };
}

function decoded(header: string): JsonObject {
  if (header.length > LONGEST_HEADER) throw malformed();
  let sent: unknown;
  try {
    sent = decodePaymentSignatureHeader(header);
  } catch {
    throw malformed();
  }
  if (!isJsonObject(sent)) throw malformed();
  return sent;
}

/** The requirement that the client took, or why there is none: all must be as it was asked for. */
function agreedTerms(
  accepted: JsonObject,
  accepts: readonly PaymentRequirements[],
): PaymentRequirements | string {
  const onNetwork = accepts.filter(({ network }) => network === accepted['network']);
  if (onNetwork.length === 0) return 'invalid_network';
  const ofScheme = onNetwork.filter(({ scheme }) => scheme === accepted['scheme']);
  if (ofScheme.length === 0) return 'unsupported_scheme';
  return ofScheme.find((asked) => isSame(accepted, asked)) ?? 'invalid_payment_requirements';
}

/**
 * The protocol lets clients add to `extra`. What they add is not used. A transfer method is no addition: where none is
 * named, the protocol has one that is meant.
 */
function isSame(accepted: JsonObject, asked: PaymentRequirements): boolean {
  const { extra: sentExtra, ...sent } = accepted;
  const { extra, ...terms } = asked;
  return (
    isDeepStrictEqual({ ...sent }, terms) &&
    isJsonObject(sentExtra) &&
    transferMethodOf(sentExtra) === transferMethodOf(extra) &&
    Object.entries(extra).every(([name, value]) => sentExtra[name] === value)
  );
}

/**
 * Extensions that were not offered are not used. The package's own check compiles a schema that the client sends, so it
 * is not used here.
 */
function readIdentifier(extensions: JsonObject): { readonly id: string | undefined } | 'mismatch' {
  const echo = extensions['payment-identifier'];
  if (echo === undefined) return { id: undefined };
  const info = isJsonObject(echo) ? echo['info'] : undefined;
  if (!isJsonObject(info) || info['required'] !== false) return 'mismatch';
  const { id } = info;
  if (id !== undefined && !(typeof id === 'string' && isValidPaymentId(id)))
    throw malformed('The payment identifier must be 16 to 128 letters, digits, dashes and underscores.');
  return { id };
}

function malformed(words = `${HEADER} must be base64 of the JSON of an x402 payment.`): GatewayError {
  return new GatewayError('invalid_value', words, { param: HEADER });
}
