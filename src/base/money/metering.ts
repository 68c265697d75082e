import { formatDecimal, multiplyCeil, type Decimal } from './decimal.js';
import type { TokenPrices } from './pricing.js';
import type { LineItem } from './receipt.js';
import { pricesAt, type Tariff } from './tariff.js';
import { addUsage, NO_USAGE, wholeUsage, type Usage } from './usage.js';

/** What a call costs, in atomic USDC. */
export interface Charge {
  readonly lineItems: readonly LineItem[];
  /** Sum of the lines. */
  readonly providerAmount: bigint;
  readonly platformFee: bigint;
}

/** Dollars to atomic USDC, for prices that are not per million tokens. */
const ATOMIC_PER_USD = 1_000_000n;

/** A thousand million USDC. No line costs more, so that the sums of any charge fit into the books. */
const MOST_ATOMIC = 10n ** 15n;

interface Priced {
  readonly price: Decimal;
  /** What a cache saved is told against this price. */
  readonly instead?: Decimal | undefined;
  readonly perUnit?: bigint | undefined;
}

interface ChargeTerms {
  readonly feeBps: number;
  readonly estimated: boolean;
}

/**
 * Prices the usage of each request to the model line by line, rounds each line up, and adds the platform fee of
 * `feeBps` basis points. The length of each request determines its prices; usage with the same prices shares its lines.
 * Any figures give a charge that fits into the books, because `wholeUsage` corrects them.
 */
export function chargeFor(
  requests: readonly Usage[],
  tariff: Tariff,
  { feeBps, estimated }: ChargeTerms,
): Charge {
  const lineItems: LineItem[] = [];
  let providerAmount = 0n;
  const add = (
    line: Pick<LineItem, 'key' | 'unit'>,
    quantity: number,
    { price, instead, perUnit }: Priced,
  ): void => {
    const amount = amountOf(quantity, price, perUnit);
    providerAmount += amount;
    lineItems.push({
      ...line,
      quantity,
      unitPriceUsd: formatDecimal(price),
      amountWei: amount.toString(),
      ...(instead && { savedWei: (amountOf(quantity, instead) - amount).toString() }),
      ...(estimated ? { estimated } : {}),
    });
  };
  const addTokens = (key: string, quantity: number, price: Decimal | undefined, instead?: Decimal): void => {
    if (price && quantity > 0) add({ key, unit: 'usd_per_1m_tokens' }, quantity, { price, instead });
  };

  for (const [prices, usage] of usageByPrices(requests.map(wholeUsage), tariff)) {
    const cached = prices.cachedInput ? usage.cachedInputTokens : 0;
    const { cacheWrite1hTokens: hourly = 0 } = usage;
    const writtenForHour = prices.cacheWrite1h ? hourly : 0;
    const written = prices.cacheWrite ? usage.cacheWriteTokens - writtenForHour : 0;
    const reasoning = prices.reasoning ? usage.reasoningTokens : 0;
    addTokens('input_tokens', usage.inputTokens - cached - written - writtenForHour, prices.input);
    addTokens('cached_input_tokens', cached, prices.cachedInput, prices.input);
    addTokens('cache_write_tokens', written, prices.cacheWrite, prices.input);
    addTokens('cache_write_1h_tokens', writtenForHour, prices.cacheWrite1h, prices.input);
    addTokens('output_tokens', usage.outputTokens - reasoning, prices.output);
    addTokens('reasoning_tokens', reasoning, prices.reasoning);
  }
  if (tariff.webSearch) {
    const price = { price: tariff.webSearch, perUnit: ATOMIC_PER_USD };
    add({ key: 'tool_calls', unit: 'usd_per_call' }, 1, price);
  }

  return { lineItems, providerAmount, platformFee: platformFee(providerAmount, feeBps) };
}

function amountOf(quantity: number, price: Decimal, perUnit = 1n): bigint {
  const exact = multiplyCeil(BigInt(quantity), price, perUnit);
  return exact < MOST_ATOMIC ? exact : MOST_ATOMIC;
}

function usageByPrices(requests: readonly Usage[], tariff: Tariff): ReadonlyMap<TokenPrices, Usage> {
  const usages = new Map<TokenPrices, Usage>();
  for (const usage of requests) {
    const prices = pricesAt(tariff, usage.inputTokens);
    usages.set(prices, addUsage(usages.get(prices) ?? NO_USAGE, usage));
  }
  return usages;
}

const BASIS_POINTS = 10_000n;

/** `ceil(providerAmount × feeBps / 10000)` */
export function platformFee(providerAmount: bigint, feeBps: number): bigint {
  return (providerAmount * BigInt(feeBps) + BASIS_POINTS - 1n) / BASIS_POINTS;
}

/** The largest provider amount that, with its fee, still fits into `amount`. */
export function providerShare(amount: bigint, feeBps: number): bigint {
  return (amount * BASIS_POINTS) / (BASIS_POINTS + BigInt(feeBps));
}

export function webSearchAmount(tariff: Tariff): bigint {
  return tariff.webSearch ? multiplyCeil(1n, tariff.webSearch, ATOMIC_PER_USD) : 0n;
}
