import { maxDecimal, multiplyCeil, type Decimal } from './decimal.js';
import type { Measurement } from './meter.js';
import { chargeFor, platformFee, providerShare, webSearchAmount, type Charge } from './metering.js';
import type { AgreedPrice, Price, PriceTerms } from './price.js';
import type { TokenPrices } from './pricing.js';
import { decodeTariff, encodeTariff, pricesAt, type EncodedTariff, type Tariff } from './tariff.js';

interface TokenTerms extends PriceTerms {
  readonly tariff: EncodedTariff;
}

/** The size of a call before it runs. */
export interface CallSize {
  /** Upper bound of the input tokens: UTF-8 bytes of the text, plus a figure for each part that is not text. */
  readonly inputTokensBound: number;
  readonly contextWindow: number;
  /** Most output tokens of one choice. */
  readonly outputCap: number;
  readonly choices: number;
}

/** A call with fewer output tokens is not worth starting. */
const LEAST_OUTPUT_TOKENS = 16;

/** The price of a call for text, by its tokens. */
export class TokenPrice implements Price {
  readonly wanted: bigint;
  readonly minimum: bigint;
  private readonly leastCap: number;

  constructor(
    readonly tariff: Tariff,
    readonly size: CallSize,
    readonly feeBps: number,
    /** The most that the call spends before this; atomic USDC, fee included. */
    private readonly before = 0n,
  ) {
    this.leastCap = Math.min(LEAST_OUTPUT_TOKENS, size.outputCap);
    this.wanted = before + this.total(size.outputCap);
    const least = before + this.total(this.leastCap);
    this.minimum = least < this.wanted ? least : this.wanted;
  }

  get terms(): TokenTerms {
    return { kind: 'tokens', tariff: encodeTariff(this.tariff), feeBps: this.feeBps };
  }

  chargeFor(measurement: Measurement): Charge {
    return chargeForTokens(measurement, this.tariff, this.feeBps);
  }

  loweredCap(granted: bigint): number | undefined {
    const cap = this.outputCapFor(granted);
    return cap < this.size.outputCap ? cap : undefined;
  }

  /** The output cap that `granted` affords; at most the requested cap, at least the least one. */
  outputCapFor(granted: bigint): number {
    if (granted >= this.wanted) return this.size.outputCap;
    const { tariff, size } = this;
    const left =
      providerShare(granted - this.before, this.feeBps) -
      this.inputAmount(this.leastCap) -
      webSearchAmount(tariff);
    const price = this.outputPrice(this.leastCap);
    const perToken = price.unscaled * BigInt(size.choices);
    if (perToken === 0n) return size.outputCap;
    const affordable = (left * 10n ** BigInt(price.scale)) / perToken;
    if (affordable >= BigInt(size.outputCap)) return size.outputCap;
    return Math.max(Number(affordable), this.leastCap);
  }

  private total(cap: number): bigint {
    const output = multiplyCeil(BigInt(cap) * BigInt(this.size.choices), this.outputPrice(cap));
    const provider = this.inputAmount(cap) + output + webSearchAmount(this.tariff);
    return provider + platformFee(provider, this.feeBps);
  }

  private inputTokens(cap: number): number {
    const { inputTokensBound, contextWindow } = this.size;
    return Math.min(inputTokensBound, Math.max(contextWindow - cap, 0));
  }

  /** Prices all input at the dearest price that any of it can have. */
  private inputAmount(cap: number): bigint {
    const tokens = this.inputTokens(cap);
    const price = maxDecimal(dearestInput(this.tariff.prices), dearestInput(pricesAt(this.tariff, tokens)));
    return multiplyCeil(BigInt(tokens), price);
  }

  /** Includes the ordinary prices, because the actual input may be shorter than its bound. */
  private outputPrice(cap: number): Decimal {
    const longest = pricesAt(this.tariff, this.inputTokens(cap));
    return maxDecimal(dearestOutput(this.tariff.prices), dearestOutput(longest));
  }
}

export function agreedForTokens({ tariff, feeBps }: TokenTerms): AgreedPrice {
  return { chargeFor: (measurement) => chargeForTokens(measurement, decodeTariff(tariff), feeBps) };
}

function chargeForTokens(
  { usage, requests = [usage], estimated }: Measurement,
  tariff: Tariff,
  feeBps: number,
): Charge {
  return chargeFor(requests, tariff, { feeBps, estimated });
}

function dearestInput({ input, cachedInput, cacheWrite, cacheWrite1h }: TokenPrices): Decimal {
  return maxDecimal(input, ...[cachedInput, cacheWrite, cacheWrite1h].filter((price) => price !== undefined));
}

function dearestOutput({ output, reasoning }: TokenPrices): Decimal {
  return reasoning ? maxDecimal(output, reasoning) : output;
}
