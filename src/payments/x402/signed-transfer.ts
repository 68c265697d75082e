import type { PaymentRequirements } from '@x402/core/types';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { SignedPayment } from './payment.js';
import { transferMethodOf, type ChainTerms } from './requirements.js';

/** What a wallet has signed, in its one spelling: addresses in lower case, numbers in decimal, nonces as their method has them. */
export interface SignedTransfer extends Pick<
  SignedPayment,
  'scheme' | 'method' | 'payer' | 'contract' | 'nonce' | 'validUntilMs'
> {
  readonly payload: JsonObject;
}

type Check = readonly [holds: boolean, reason: string];

/**
 * Clients count `maxTimeoutSeconds` from their own clock, and it takes them a moment to send what they have signed. So a
 * signature may have this much less left. What is left then still covers the call's time limit, and 30 s for the chain.
 */
const SKEW_SECONDS = 30n;
/** The year 9999: a later end is as good as none, and dates end there. */
const LAST_SECOND = 253_402_300_799n;
const LARGEST = (1n << 256n) - 1n;

/** What is agreed on, and the time in seconds. */
interface Context {
  readonly agreed: PaymentRequirements;
  readonly seconds: bigint;
}
interface Found {
  readonly signature: string;
  readonly transfer: SignedTransfer;
  readonly checks: (context: Context) => readonly Check[];
}

/**
 * A payload, whatever was agreed on: its own shape tells by which method and scheme it pays.
 * @returns undefined when it has none of the shapes that payloads have
 */
export function signedTransfer(payload: JsonObject, chain: ChainTerms): Found | undefined {
  const signature = hexadecimal(payload['signature']);
  if (signature === undefined) return undefined;
  const read = payload['permit2Authorization'] === undefined ? eip3009Transfer : permit2Transfer;
  return read(payload, signature, chain);
}

/** @param now epoch milliseconds @returns why the protocol refuses it for what was agreed on, if it does */
export function refusalOf(
  { transfer, checks }: Found,
  agreed: PaymentRequirements,
  now: number,
): string | undefined {
  if (transfer.scheme !== agreed.scheme || transfer.method !== transferMethodOf(agreed.extra))
    return 'unsupported_payload_type';
  const seconds = BigInt(Math.floor(now / 1_000));
  return checks({ agreed, seconds }).find(([holds]) => !holds)?.[1];
}

function eip3009Transfer(payload: JsonObject, signature: string, chain: ChainTerms): Found | undefined {
  const signed = objectOf(payload['authorization']);
  const from = address(signed['from']);
  const to = address(signed['to']);
  const value = integer(signed['value']);
  const validAfter = integer(signed['validAfter']);
  const validBefore = integer(signed['validBefore']);
  const nonce = integer(signed['nonce']);
  if (from === undefined || to === undefined || value === undefined) return undefined;
  if (validAfter === undefined || validBefore === undefined || nonce === undefined) return undefined;
  const authorization = {
    from,
    to,
    value: value.toString(),
    validAfter: validAfter.toString(),
    validBefore: validBefore.toString(),
    nonce: `0x${nonce.toString(16).padStart(64, '0')}`,
  };
  return {
    signature,
    transfer: {
      scheme: 'exact',
      method: 'eip3009',
      payer: from,
      contract: chain.asset.toLowerCase(),
      nonce,
      validUntilMs: milliseconds(validBefore),
      payload: { signature, authorization },
    },
    checks: ({ agreed, seconds }) => [
      [isSame(to, agreed.payTo), 'invalid_exact_evm_recipient_mismatch'],
      [value === BigInt(agreed.amount), 'invalid_exact_evm_payload_authorization_value_mismatch'],
      [
        lastsLongEnough(validBefore, { agreed, seconds }),
        'invalid_exact_evm_payload_authorization_valid_before',
      ],
      [validAfter <= seconds, 'invalid_exact_evm_payload_authorization_valid_after'],
    ],
  };
}

function permit2Transfer(payload: JsonObject, signature: string, chain: ChainTerms): Found | undefined {
  const signed = objectOf(payload['permit2Authorization']);
  const permitted = objectOf(signed['permitted']);
  const witness = objectOf(signed['witness']);
  const from = address(signed['from']);
  const spender = address(signed['spender']);
  const token = address(permitted['token']);
  const to = address(witness['to']);
  // Only payments by `upto` name one.
  const isUpto = witness['facilitator'] !== undefined;
  const facilitator = address(witness['facilitator']);
  const amount = integer(permitted['amount']);
  const nonce = integer(signed['nonce']);
  const deadline = integer(signed['deadline']);
  const validAfter = integer(witness['validAfter']);
  if (from === undefined || spender === undefined || token === undefined) return undefined;
  if (to === undefined || amount === undefined || (isUpto && facilitator === undefined)) return undefined;
  if (nonce === undefined || deadline === undefined || validAfter === undefined) return undefined;
  const permit2Authorization = {
    from,
    permitted: { token, amount: amount.toString() },
    spender,
    nonce: nonce.toString(),
    deadline: deadline.toString(),
    witness: { to, ...(facilitator !== undefined && { facilitator }), validAfter: validAfter.toString() },
  };
  return {
    signature,
    transfer: {
      scheme: isUpto ? 'upto' : 'exact',
      method: 'permit2',
      payer: from,
      contract: chain.permit2.toLowerCase(),
      nonce,
      validUntilMs: milliseconds(deadline),
      payload: { signature, permit2Authorization },
    },
    checks: ({ agreed, seconds }) => [
      [isSame(spender, isUpto ? chain.uptoProxy : chain.exactProxy), 'invalid_permit2_spender'],
      [isSame(token, agreed.asset), 'permit2_token_mismatch'],
      [isSame(to, agreed.payTo), 'invalid_permit2_recipient_mismatch'],
      [
        facilitator === undefined || isSame(facilitator, chain.facilitatorAddress),
        'upto_facilitator_mismatch',
      ],
      [amount === BigInt(agreed.amount), 'permit2_amount_mismatch'],
      [lastsLongEnough(deadline, { agreed, seconds }), 'permit2_deadline_expired'],
      [validAfter <= seconds, 'permit2_not_yet_valid'],
    ],
  };
}

function lastsLongEnough(end: bigint, { agreed, seconds }: Context): boolean {
  return end - seconds >= BigInt(agreed.maxTimeoutSeconds) - SKEW_SECONDS;
}

function milliseconds(seconds: bigint): number {
  return Number(seconds < LAST_SECOND ? seconds : LAST_SECOND) * 1_000;
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function isSame(address: string, other: string): boolean {
  return address === other.toLowerCase();
}

function address(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value) ? value.toLowerCase() : undefined;
}

/** Whole bytes. */
function hexadecimal(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && /^0x(?:[0-9a-f]{2})+$/i.test(value) ? value.toLowerCase() : undefined;
}

/** An unsigned integer of 256 bits, in any spelling that `BigInt` takes, such as hexadecimal or with zeros in front. */
function integer(value: JsonValue | undefined): bigint | undefined {
  if (typeof value !== 'string' || !/^\s*(?:0x[0-9a-f]{1,64}|\d{1,80})\s*$/i.test(value)) return undefined;
  const number = BigInt(value.trim());
  return number <= LARGEST ? number : undefined;
}
