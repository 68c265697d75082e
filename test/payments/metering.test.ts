import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDecimal } from '../../src/base/money/decimal.js';
import { chargeFor, platformFee, providerShare } from '../../src/base/money/metering.js';
import { TokenPrice } from '../../src/base/money/token-price.js';
import { decodeTariff, encodeTariff, tariffFor, type Tariff } from '../../src/base/money/tariff.js';
import type { TextPricing } from '../../src/base/money/pricing.js';
import { NO_USAGE, wholeUsage, type Usage } from '../../src/base/money/usage.js';

const tariff = (input: string, output: string, more: object = {}): Tariff => ({
  prices: { input: parseDecimal(input), output: parseDecimal(output), ...more },
});
const usage = (inputTokens: number, outputTokens: number, more: Partial<Usage> = {}): Usage => ({
  ...NO_USAGE,
  inputTokens,
  outputTokens,
  ...more,
});
const ONE_PERCENT = { feeBps: 100, estimated: false };

describe('metering', () => {
  it.each([
    [1000, '2', 500, '8', 6000n, 60n],
    [1200, '0.3', 300, '2.5', 1110n, 12n],
    [1000, '2.5', 500, '10', 7500n, 75n],
  ])('prices %i input at %s and %i output at %s', (input, inputPrice, output, outputPrice, provider, fee) => {
    const charge = chargeFor([usage(input, output)], tariff(inputPrice, outputPrice), ONE_PERCENT);
    expect(charge.providerAmount).toBe(provider);
    expect(charge.platformFee).toBe(fee);
  });

  it('splits cached, written and reasoning tokens off only where they have a price of their own', () => {
    const used = usage(1000, 500, { cachedInputTokens: 300, cacheWriteTokens: 200, reasoningTokens: 100 });
    const plain = chargeFor([used], tariff('1', '2'), ONE_PERCENT);
    expect(plain.lineItems.map(({ key, quantity }) => [key, quantity])).toEqual([
      ['input_tokens', 1000],
      ['output_tokens', 500],
    ]);
    const priced = tariff('1', '2', {
      cachedInput: parseDecimal('0.1'),
      cacheWrite: parseDecimal('1.25'),
      reasoning: parseDecimal('3'),
    });
    expect(chargeFor([used], priced, ONE_PERCENT).lineItems).toEqual([
      { key: 'input_tokens', unit: 'usd_per_1m_tokens', quantity: 500, unitPriceUsd: '1', amountWei: '500' },
      {
        key: 'cached_input_tokens',
        unit: 'usd_per_1m_tokens',
        quantity: 300,
        unitPriceUsd: '0.1',
        amountWei: '30',
        savedWei: '270',
      },
      {
        key: 'cache_write_tokens',
        unit: 'usd_per_1m_tokens',
        quantity: 200,
        unitPriceUsd: '1.25',
        amountWei: '250',
        savedWei: '-50',
      },
      { key: 'output_tokens', unit: 'usd_per_1m_tokens', quantity: 400, unitPriceUsd: '2', amountWei: '800' },
      {
        key: 'reasoning_tokens',
        unit: 'usd_per_1m_tokens',
        quantity: 100,
        unitPriceUsd: '3',
        amountWei: '300',
      },
    ]);
  });

  it('charges what is kept for an hour at its own price where the request asked for that, else as other writes', () => {
    const used = usage(1000, 0, { cacheWriteTokens: 200, cacheWrite1hTokens: 150 });
    const written = { ...tariff('3', '9').prices, cacheWrite: parseDecimal('3.75') };
    const priced = { ...written, cacheWrite1h: parseDecimal('7') };
    const linesOf = (pricing: TextPricing, hourCache?: 'twice_input' | 'cache_write') => {
      const agreed = tariffFor(pricing, { webSearch: false, hourCache }) as Tariff;
      const { lineItems } = chargeFor([used], decodeTariff(encodeTariff(agreed)), ONE_PERCENT);
      return lineItems.slice(1).map(({ key, quantity, unitPriceUsd }) => [key, quantity, unitPriceUsd]);
    };
    const hourly = (price: string) => [
      ['cache_write_tokens', 50, '3.75'],
      ['cache_write_1h_tokens', 150, price],
    ];
    expect(linesOf(priced)).toEqual([['cache_write_tokens', 200, '3.75']]);
    expect(linesOf(priced, 'twice_input')).toEqual(hourly('7'));
    expect(linesOf(written, 'twice_input')).toEqual(hourly('6'));
    expect(linesOf(written, 'cache_write')).toEqual(hourly('3.75'));
    expect(linesOf(tariff('3', '9').prices, 'cache_write')).toEqual([]);
    const longContext = { ...tariff('6', '9').prices, aboveInputTokens: 999 };
    expect(linesOf({ ...written, longContext }, 'twice_input')).toEqual([
      ['cache_write_1h_tokens', 150, '12'],
    ]);
    const serviceTiers = { priority: tariff('5', '9').prices };
    const tiered = tariffFor(
      { ...written, serviceTiers },
      { webSearch: false, serviceTier: 'priority', hourCache: 'twice_input' },
    );
    expect(tiered).toMatchObject({ prices: { cacheWrite1h: parseDecimal('10') } });
  });

  it('charges a hosted web search per call and the whole call at the long-context price above its bound', () => {
    const pricing = {
      ...tariff('1', '2').prices,
      webSearchPerCall: parseDecimal('0.01'),
      longContext: { aboveInputTokens: 100, ...tariff('2', '4').prices },
    };
    const searching = tariffFor(pricing, { webSearch: true }) as Tariff;
    expect(chargeFor([usage(100, 10)], searching, ONE_PERCENT).providerAmount).toBe(100n + 20n + 10_000n);
    expect(chargeFor([usage(101, 10)], searching, ONE_PERCENT).providerAmount).toBe(202n + 40n + 10_000n);
  });

  it('prices each of several requests by its own length, and joins what has one price', () => {
    const pricing = {
      ...tariff('1', '2').prices,
      longContext: { aboveInputTokens: 100, ...tariff('2', '4').prices },
    };
    const tiered = tariffFor(pricing, { webSearch: false }) as Tariff;
    const short = chargeFor([usage(60, 10), usage(60, 5)], tiered, ONE_PERCENT);
    expect(short.lineItems).toMatchObject([
      { key: 'input_tokens', quantity: 120, amountWei: '120' },
      { key: 'output_tokens', quantity: 15, amountWei: '30' },
    ]);
    const mixed = chargeFor([usage(101, 10), usage(60, 5)], tiered, ONE_PERCENT);
    expect(mixed.lineItems.map(({ quantity, unitPriceUsd }) => [quantity, unitPriceUsd])).toEqual([
      [101, '2'],
      [10, '4'],
      [60, '1'],
      [5, '2'],
    ]);
    expect(mixed.providerAmount).toBe(202n + 40n + 60n + 10n);
    expect(mixed.platformFee).toBe(4n);
  });

  it('has no tariff for an option without a price', () => {
    const { prices } = tariff('1', '2');
    expect(tariffFor(prices, { webSearch: true })).toEqual({ unpriced: 'web_search_options' });
    expect(tariffFor(prices, { webSearch: false, serviceTier: 'priority' })).toEqual({
      unpriced: 'service_tier',
    });
    expect(tariffFor('free', { webSearch: true })).toEqual({ unpriced: 'web_search_options' });
    expect(tariffFor(prices, { webSearch: false, serviceTier: 'auto' })).toMatchObject({ prices });
  });

  it('marks every line of an estimated charge', () => {
    const { lineItems } = chargeFor([usage(1, 1)], tariff('1', '1'), { feeBps: 100, estimated: true });
    expect(lineItems.map(({ estimated }) => estimated)).toEqual([true, true]);
  });
});

const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 99_999n }), fc.integer({ min: 0, max: 5 }))
  .map(([unscaled, scale]) => ({ unscaled, scale }));
const anyTariff: fc.Arbitrary<Tariff> = fc.record(
  {
    prices: fc.record(
      {
        input: decimal,
        output: decimal,
        cachedInput: decimal,
        cacheWrite: decimal,
        cacheWrite1h: decimal,
        reasoning: decimal,
      },
      { requiredKeys: ['input', 'output'] },
    ),
    longContext: fc.record({
      aboveInputTokens: fc.integer({ min: 0, max: 5000 }),
      prices: fc.record({ input: decimal, output: decimal }, { requiredKeys: ['input', 'output'] }),
    }),
    webSearch: decimal,
  },
  { requiredKeys: ['prices'] },
);

describe('the price of a call', () => {
  const anySize = fc.record({
    inputTokensBound: fc.integer({ min: 0, max: 10_000 }),
    contextWindow: fc.constant(20_000),
    outputCap: fc.integer({ min: 1, max: 5000 }),
    choices: fc.integer({ min: 1, max: 4 }),
  });
  /** Each of at most six lines may be rounded up by less than one unit, and the fee on them by one. */
  const ROUNDING = 7n;

  it('covers every usage within its bounds', () => {
    fc.assert(
      fc.property(
        anyTariff,
        anySize,
        fc.nat({ max: 10_000 }),
        fc.array(fc.nat(10_000), { minLength: 6, maxLength: 6 }),
        (prices, size, feeBps, parts) => {
          const price = new TokenPrice(prices, size, feeBps);
          const inputTokens = Math.min(size.inputTokensBound, parts[0]!);
          const outputTokens = Math.min(size.outputCap * size.choices, parts[1]!);
          const cachedInputTokens = Math.min(inputTokens, parts[2]!);
          const used: Usage = wholeUsage({
            inputTokens,
            outputTokens,
            cachedInputTokens,
            cacheWrite1hTokens: parts[5]!,
            cacheWriteTokens: Math.min(inputTokens - cachedInputTokens, parts[3]!),
            reasoningTokens: Math.min(outputTokens, parts[4]!),
          });
          const { providerAmount, platformFee: fee } = chargeFor([used], prices, {
            feeBps,
            estimated: false,
          });
          expect(providerAmount + fee <= price.wanted + ROUNDING).toBe(true);
        },
      ),
    );
  });

  it('lowers the output cap so that it still fits what was granted', () => {
    fc.assert(
      fc.property(
        anyTariff,
        anySize,
        fc.nat({ max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.bigInt({ min: 0n, max: 100_000n }),
        (prices, size, feeBps, share, before) => {
          const price = new TokenPrice(prices, size, feeBps, before);
          const granted =
            price.minimum + ((price.wanted - price.minimum) * BigInt(Math.floor(share * 1000))) / 1000n;
          const cap = price.outputCapFor(granted);
          expect(cap).toBeGreaterThanOrEqual(Math.min(16, size.outputCap));
          expect(cap).toBeLessThanOrEqual(size.outputCap);
          const lowered = new TokenPrice(prices, { ...size, outputCap: cap }, feeBps, before);
          expect(lowered.wanted <= granted + ROUNDING).toBe(true);
        },
      ),
    );
  });

  it('asks for sixteen output tokens at least, or for fewer if that is all that was asked for', () => {
    const size = { inputTokensBound: 100, contextWindow: 1000, outputCap: 500, choices: 1 };
    expect(new TokenPrice(tariff('1', '2'), size, 0)).toMatchObject({ wanted: 1100n, minimum: 132n });
    expect(new TokenPrice(tariff('1', '2'), { ...size, outputCap: 5 }, 0)).toMatchObject({
      wanted: 110n,
      minimum: 110n,
    });
  });

  it('never counts more input than fits beside the output', () => {
    const size = { inputTokensBound: 5000, contextWindow: 1000, outputCap: 400, choices: 1 };
    expect(new TokenPrice(tariff('1', '0'), size, 0).wanted).toBe(600n);
  });
});

describe('fees and tariffs', () => {
  it('finds the largest provider amount that fits together with its fee', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.nat({ max: 10_000 }), (amount, feeBps) => {
        const share = providerShare(amount, feeBps);
        expect(share + platformFee(share, feeBps) <= amount).toBe(true);
        expect(share + 1n + platformFee(share + 1n, feeBps) > amount).toBe(true);
      }),
    );
  });

  it('survives its way through a hold', () => {
    fc.assert(
      fc.property(anyTariff, fc.nat(1_000_000), fc.nat(1_000_000), (prices, input, output) => {
        const encoded: unknown = JSON.parse(JSON.stringify(encodeTariff(prices)));
        const decoded = decodeTariff(encoded as ReturnType<typeof encodeTariff>);
        const used = usage(input, output, { cachedInputTokens: input >> 1, reasoningTokens: output >> 1 });
        expect(chargeFor([used], decoded, ONE_PERCENT)).toEqual(chargeFor([used], prices, ONE_PERCENT));
      }),
    );
  });
});
