import { formatDecimal, multiplyCeil, parseDecimal, type Decimal } from './decimal.js';
import { platformFee, type Charge } from './metering.js';
import type { AgreedPrice, Price, PriceTerms } from './price.js';
import type { VideoPricing } from './pricing.js';

interface VideoTerms extends PriceTerms {
  readonly pricing: { readonly perSecond: string } | { readonly perVideo: string } | 'free';
  /** Requested seconds; null if the upstream decides. */
  readonly seconds: number | null;
}

/** Dollars to atomic USDC. */
const ATOMIC_PER_USD = 1_000_000n;

/** The price of one video, held in full. A price per second always has its seconds: the model lists its durations. */
export function videoPrice(
  pricing: VideoPricing | 'free',
  seconds: number | undefined,
  feeBps: number,
): Price & { readonly terms: VideoTerms } {
  const terms = { kind: 'video', pricing: encodeVideoPricing(pricing), seconds: seconds ?? null, feeBps };
  const { providerAmount, platformFee: fee } = charge(seconds, terms);
  const wanted = providerAmount + fee;
  return { wanted, minimum: wanted, terms, loweredCap: () => undefined, ...agreedForVideo(terms) };
}

/** Charges for the measured seconds, to the microsecond, and never for more than the requested ones. */
export function agreedForVideo(terms: VideoTerms): AgreedPrice {
  const asked = terms.seconds ?? undefined;
  return { chargeFor: ({ quantity }) => charge(chargedSeconds(asked, quantity), terms) };
}

function chargedSeconds(asked: number | undefined, produced: number | undefined): number | undefined {
  if (produced === undefined || !(produced >= 0)) return asked;
  const rounded = Math.round(produced * 1e6) / 1e6;
  return asked === undefined ? rounded : Math.min(asked, rounded);
}

function encodeVideoPricing(pricing: VideoPricing | 'free'): VideoTerms['pricing'] {
  if (pricing === 'free') return 'free';
  return 'perSecond' in pricing
    ? { perSecond: formatDecimal(pricing.perSecond) }
    : { perVideo: formatDecimal(pricing.perVideo) };
}

function charge(seconds: number | undefined, { pricing, feeBps }: VideoTerms): Charge {
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
