import type { Decimal } from './decimal.js';

/** USD per 1M tokens. One USD per 1M tokens is one atomic USDC per token, so a price is also "atomic per token". */
export interface TokenPrices {
  readonly input: Decimal;
  /** Absent: cached tokens count as input. */
  readonly cachedInput?: Decimal;
  /** Absent: cache writes count as input. */
  readonly cacheWrite?: Decimal;
  /** Of writes that are kept for an hour. Absent: they count as other cache writes, or as the provider has it. */
  readonly cacheWrite1h?: Decimal;
  readonly output: Decimal;
  /** Absent: reasoning tokens count as output. */
  readonly reasoning?: Decimal;
}

export interface TextPricing extends TokenPrices {
  /** Prices of a whole call whose input is longer than `aboveInputTokens`. */
  readonly longContext?: TokenPrices & { readonly aboveInputTokens: number };
  /** Prices by `service_tier`; a tier that is not named here is refused. */
  readonly serviceTiers?: Readonly<Record<string, TokenPrices>>;
  /** USD per hosted web search. */
  readonly webSearchPerCall?: Decimal;
}

/** For calls that have no output. */
export type InputPricing = Pick<TokenPrices, 'input'>;

/** USD for each second of a video, or for each video whatever its length. */
export type VideoPricing = { readonly perSecond: Decimal } | { readonly perVideo: Decimal };
