import { addDecimal, formatDecimal, parseDecimal, type Decimal } from './decimal.js';
import type { InputPricing, TextPricing, TokenPrices } from './pricing.js';

/** The prices of one call, fixed when it is quoted; later changes of the catalog do not affect them. */
export interface Tariff {
  readonly prices: TokenPrices;
  readonly longContext?: { readonly aboveInputTokens: number; readonly prices: TokenPrices };
  /** USD per call, for a call that asked for hosted web search. */
  readonly webSearch?: Decimal;
}

const ZERO: Decimal = { unscaled: 0n, scale: 0 };
const FREE: Tariff = { prices: { input: ZERO, output: ZERO } };

export interface PricedOptions {
  readonly serviceTier?: string | undefined;
  readonly webSearch: boolean;
  /**
   * Whether the request asks for a cache that is kept for an hour, and what writing to it costs where the model has no
   * price for that; absent: it does not ask.
   */
  readonly hourCache?: 'twice_input' | 'cache_write' | undefined;
}

/** @returns instead of a tariff, the name of the option that has no price at this model */
export function tariffFor(
  pricing: TextPricing | 'free',
  { serviceTier, webSearch, hourCache }: PricedOptions,
): Tariff | { readonly unpriced: 'service_tier' | 'web_search_options' } {
  const ordinaryTier = serviceTier === undefined || serviceTier === 'auto' || serviceTier === 'default';
  if (pricing === 'free') {
    if (!ordinaryTier) return { unpriced: 'service_tier' };
    return webSearch ? { unpriced: 'web_search_options' } : FREE;
  }
  if (webSearch && !pricing.webSearchPerCall) return { unpriced: 'web_search_options' };
  const extras = webSearch && pricing.webSearchPerCall ? { webSearch: pricing.webSearchPerCall } : {};
  if (!ordinaryTier) {
    const prices = pricing.serviceTiers?.[serviceTier];
    return prices ? { prices: withHourCache(prices, hourCache), ...extras } : { unpriced: 'service_tier' };
  }
  const { longContext } = pricing;
  return {
    prices: withHourCache(pricing, hourCache),
    ...(longContext
      ? {
          longContext: {
            aboveInputTokens: longContext.aboveInputTokens,
            prices: withHourCache(longContext, hourCache),
          },
        }
      : {}),
    ...extras,
  };
}

/** Without a request for that cache nothing is held for it, and it has no price. */
function withHourCache(
  { cacheWrite1h, ...prices }: TokenPrices,
  hourCache: PricedOptions['hourCache'],
): TokenPrices {
  if (hourCache === undefined) return prices;
  const otherwise = hourCache === 'twice_input' ? addDecimal(prices.input, prices.input) : prices.cacheWrite;
  const price = cacheWrite1h ?? otherwise;
  return price ? { ...prices, cacheWrite1h: price } : prices;
}

/** The tariff of a call that has no output. */
export function tariffForInput(pricing: InputPricing | 'free'): Tariff {
  return pricing === 'free' ? FREE : { prices: { input: pricing.input, output: ZERO } };
}

export function pricesAt(tariff: Tariff, inputTokens: number): TokenPrices {
  const { longContext } = tariff;
  return longContext && inputTokens > longContext.aboveInputTokens ? longContext.prices : tariff.prices;
}

interface EncodedPrices {
  readonly input: string;
  readonly cachedInput?: string;
  readonly cacheWrite?: string;
  readonly cacheWrite1h?: string;
  readonly output: string;
  readonly reasoning?: string;
}

/** A tariff as JSON, with decimals as strings. It is stored in the hold, for any process that may have to settle it. */
export interface EncodedTariff {
  readonly prices: EncodedPrices;
  readonly longContext?: { readonly aboveInputTokens: number; readonly prices: EncodedPrices };
  readonly webSearch?: string;
}

export function encodeTariff({ prices, longContext, webSearch }: Tariff): EncodedTariff {
  return {
    prices: encodePrices(prices),
    ...(longContext
      ? {
          longContext: {
            aboveInputTokens: longContext.aboveInputTokens,
            prices: encodePrices(longContext.prices),
          },
        }
      : {}),
    ...(webSearch ? { webSearch: formatDecimal(webSearch) } : {}),
  };
}

export function decodeTariff({ prices, longContext, webSearch }: EncodedTariff): Tariff {
  return {
    prices: decodePrices(prices),
    ...(longContext
      ? {
          longContext: {
            aboveInputTokens: longContext.aboveInputTokens,
            prices: decodePrices(longContext.prices),
          },
        }
      : {}),
    ...(webSearch === undefined ? {} : { webSearch: parseDecimal(webSearch) }),
  };
}

function encodePrices({
  input,
  cachedInput,
  cacheWrite,
  cacheWrite1h,
  output,
  reasoning,
}: TokenPrices): EncodedPrices {
  return {
    input: formatDecimal(input),
    output: formatDecimal(output),
    ...(cachedInput ? { cachedInput: formatDecimal(cachedInput) } : {}),
    ...(cacheWrite ? { cacheWrite: formatDecimal(cacheWrite) } : {}),
    ...(cacheWrite1h ? { cacheWrite1h: formatDecimal(cacheWrite1h) } : {}),
    ...(reasoning ? { reasoning: formatDecimal(reasoning) } : {}),
  };
}

function decodePrices({
  input,
  cachedInput,
  cacheWrite,
  cacheWrite1h,
  output,
  reasoning,
}: EncodedPrices): TokenPrices {
  return {
    input: parseDecimal(input),
    output: parseDecimal(output),
    ...(cachedInput === undefined ? {} : { cachedInput: parseDecimal(cachedInput) }),
    ...(cacheWrite === undefined ? {} : { cacheWrite: parseDecimal(cacheWrite) }),
    ...(cacheWrite1h === undefined ? {} : { cacheWrite1h: parseDecimal(cacheWrite1h) }),
    ...(reasoning === undefined ? {} : { reasoning: parseDecimal(reasoning) }),
  };
}
