import { formatDecimal, multiplyCeil, parseDecimal, type Decimal } from './decimal.js';
import { platformFee, type Charge } from './metering.js';
import type { VideoPricing } from './pricing.js';

/** What a job is settled with, whoever does it; a later change of the catalog does not touch it. Stored as JSON. */
export interface VideoTerms {
  readonly pricing: { readonly perSecond: string } | { readonly perVideo: string } | 'free';
  /** That were asked for; null where the upstream decides. */
  readonly seconds: number | null;
  readonly feeBps: number;
  /** Null: the key's own chain, else the default one. */
  readonly chainId: number | null;
  readonly provider: string;
  /** Public id without options. */
  readonly model: string;
}

/** Dollars to atomic USDC. */
const ATOMIC_PER_USD = 1_000_000n;

export function encodeVideoPricing(pricing: VideoPricing | 'free'): VideoTerms['pricing'] {
  if (pricing === 'free') return 'free';
  return 'perSecond' in pricing
    ? { perSecond: formatDecimal(pricing.perSecond) }
    : { perVideo: formatDecimal(pricing.perVideo) };
}

/**
 * The price of one video of so many seconds, which need not be whole. A price per second knows the seconds: a model
 * with one has a list of durations.
 */
export function videoCharge(
  seconds: number | undefined,
  { pricing, feeBps }: Pick<VideoTerms, 'pricing' | 'feeBps'>,
): Charge {
  if (pricing === 'free') return { lineItems: [], providerAmount: 0n, platformFee: 0n };
  const perSecond = 'perSecond' in pricing;
  const quantity = perSecond ? (seconds ?? 0) : 1;
  const price = parseDecimal(perSecond ? pricing.perSecond : pricing.perVideo);
  const providerAmount = amountOf(parseDecimal(String(quantity)), price);
  return {
    lineItems: [
      {
        key: perSecond ? 'video_seconds' : 'videos',
        unit: perSecond ? 'usd_per_second' : 'usd_per_video',
        quantity,
        unitPriceUsd: formatDecimal(price),
        amountWei: providerAmount.toString(),
      },
    ],
    providerAmount,
    platformFee: platformFee(providerAmount, feeBps),
  };
}

/** `ceil(quantity × price)` in atomic USDC, exactly. */
function amountOf(quantity: Decimal, price: Decimal): bigint {
  const total = { unscaled: price.unscaled * quantity.unscaled, scale: price.scale + quantity.scale };
  return multiplyCeil(1n, total, ATOMIC_PER_USD);
}
