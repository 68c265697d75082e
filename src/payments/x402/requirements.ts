import type { PaymentRequirements } from '@x402/core/types';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { PaymentChain } from './facilitator.js';

export const X402_VERSION = 2;

/** What is agreed with wallets about a chain, without the means to move payments there. */
export type ChainTerms = Omit<PaymentChain, 'facilitator'>;

/** What a wallet is asked for, atomic units. */
export interface AskedAmounts {
  /** The most that `upto` may move. */
  readonly most: bigint;
  /** What `exact` moves: never more than the call can cost. */
  readonly agreed: bigint;
}

/** What a call may cost, atomic units: its upper bound, and the least with which it runs at all. */
export interface CallBounds {
  readonly wanted: bigint;
  readonly minimum: bigint;
}

const MAX_AMOUNT_HEADER = 'x-x402-max-amount-wei';
const LARGEST_AMOUNT = 1_000_000_000_000_000n;
/** Time for the chain, besides the time of the call. */
const SETTLEMENT_SECONDS = 60;

/**
 * @param header `x-x402-max-amount-wei`: the client's cap
 * @param defaultMaxAmount the cap of a client that names none; a call that needs more asks for what it needs
 * @throws GatewayError `invalid_value` for a malformed cap, or one with which the call cannot run
 */
export function askedAmounts(
  header: string | undefined,
  { wanted, minimum }: CallBounds,
  defaultMaxAmount: bigint,
): AskedAmounts {
  const cap = capOf(header);
  // Wallets cannot sign for nothing.
  const least = larger(minimum, 1n);
  if (cap !== undefined && cap < minimum)
    throw new GatewayError(
      'invalid_value',
      `${MAX_AMOUNT_HEADER} must be at least ${minimum.toString()} for this call.`,
      { param: MAX_AMOUNT_HEADER },
    );
  const most = cap ?? larger(smaller(wanted, defaultMaxAmount), least);
  return { most, agreed: smaller(most, larger(wanted, least)) };
}

/**
 * What the client may choose from, the best first: `upto` where the price depends on usage, `exact`, and `exact` by
 * Permit2 for wallets that prefer it. Those by Permit2 only where the chain has their contracts. A pure function, so that
 * every replica takes what any of them has asked for.
 * @param timeoutMs the call's time limit
 */
export function paymentRequirements(
  chain: ChainTerms,
  call: AskedAmounts & { readonly usage: boolean; readonly timeoutMs: number },
): PaymentRequirements[] {
  const { network, asset, payTo, assetName: name, assetVersion: version } = chain;
  const maxTimeoutSeconds = Math.ceil(call.timeoutMs / 1_000) + SETTLEMENT_SECONDS;
  const terms = { network: network as PaymentRequirements['network'], asset, payTo, maxTimeoutSeconds };
  const exact = { scheme: 'exact', ...terms, amount: call.agreed.toString(), extra: { name, version } };
  const byPermit2 = { name, version, assetTransferMethod: 'permit2' };
  const { facilitatorAddress } = chain;
  const upto = { ...terms, amount: call.most.toString(), extra: { ...byPermit2, facilitatorAddress } };
  return [
    ...(call.usage && chain.hasUpto ? [{ scheme: 'upto', ...upto }] : []),
    exact,
    ...(chain.hasPermit2Exact ? [{ ...exact, extra: byPermit2 }] : []),
  ];
}

/** How the token moves by these terms, as their `extra` says it. */
export function transferMethodOf(extra: Record<string, unknown>): unknown {
  return extra['assetTransferMethod'] ?? 'eip3009';
}

function capOf(header: string | undefined): bigint | undefined {
  if (header === undefined) return undefined;
  const cap = /^\d{1,16}$/.test(header) ? BigInt(header) : 0n;
  if (cap > 0n && cap <= LARGEST_AMOUNT) return cap;
  throw new GatewayError(
    'invalid_value',
    `${MAX_AMOUNT_HEADER} must be a whole number of atomic units from 1 to ${LARGEST_AMOUNT.toString()}.`,
    { param: MAX_AMOUNT_HEADER },
  );
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
