import { maxDecimal, multiplyCeil, type Decimal } from './decimal.js';
import { platformFee, providerShare, webSearchAmount } from './metering.js';
import type { TokenPrices } from './pricing.js';
import { pricesAt, type Tariff } from './tariff.js';

/** The size of a call before it runs. */
export interface CallSize {
  /** An upper bound of the input tokens: UTF-8 bytes of the text, plus a figure for each part that is not text. */
  readonly inputTokensBound: number;
  readonly contextWindow: number;
  /** Output tokens of one choice at most. */
  readonly outputCap: number;
  readonly choices: number;
}

/** Fewer output tokens than this are not worth starting a call for. */
const LEAST_OUTPUT_TOKENS = 16;

/** What a call may cost at most, and what it would cost with its output cut down to the least that makes sense. */
export class Quote {
  /** Atomic USDC, fee included. */
  readonly wanted: bigint;
  readonly minimum: bigint;
  private readonly leastCap: number;

  constructor(
    readonly tariff: Tariff,
    readonly size: CallSize,
    readonly feeBps: number,
    /** What the call spends before this, at most; atomic USDC, fee included. */
    private readonly before = 0n,
  ) {
    this.leastCap = Math.min(LEAST_OUTPUT_TOKENS, size.outputCap);
    this.wanted = before + this.total(size.outputCap);
    const least = before + this.total(this.leastCap);
    this.minimum = least < this.wanted ? least : this.wanted;
  }

  /** The output cap that `granted` affords; never more than was asked for, never less than the least. */
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

  /** All of the input at the dearest price that any of it can meet. */
  private inputAmount(cap: number): bigint {
    const tokens = this.inputTokens(cap);
    const price = maxDecimal(dearestInput(this.tariff.prices), dearestInput(pricesAt(this.tariff, tokens)));
    return multiplyCeil(BigInt(tokens), price);
  }

  /** The actual input may turn out shorter than its bound, so the ordinary prices stay in reach. */
  private outputPrice(cap: number): Decimal {
    const longest = pricesAt(this.tariff, this.inputTokens(cap));
    return maxDecimal(dearestOutput(this.tariff.prices), dearestOutput(longest));
  }
}

function dearestInput({ input, cachedInput, cacheWrite }: TokenPrices): Decimal {
  return maxDecimal(input, ...[cachedInput, cacheWrite].filter((price) => price !== undefined));
}

function dearestOutput({ output, reasoning }: TokenPrices): Decimal {
  return reasoning ? maxDecimal(output, reasoning) : output;
}
