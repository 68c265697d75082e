import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { agreedPrice } from '../../src/base/money/agreed-price.js';
import { parseDecimal } from '../../src/base/money/decimal.js';
import type { PriceTerms } from '../../src/base/money/price.js';
import { TokenPrice } from '../../src/base/money/token-price.js';
import { NO_USAGE } from '../../src/base/money/usage.js';
import { videoPrice } from '../../src/base/money/video-price.js';

const SIZE = { inputTokensBound: 10, contextWindow: 1000, outputCap: 100, choices: 1 };
const prices = {
  input: parseDecimal('1.25'),
  output: parseDecimal('10'),
  cachedInput: parseDecimal('0.125'),
};
const longContext = { aboveInputTokens: 500, prices: { ...prices, output: parseDecimal('15') } };

const anyMeasurement = fc.record({
  usage: fc
    .record({ inputTokens: fc.nat(1000), outputTokens: fc.nat(1000), cachedInputTokens: fc.nat(1000) })
    .map((usage) => ({ ...NO_USAGE, ...usage })),
  quantity: fc.option(fc.double({ min: 0, max: 20, noNaN: true }), { nil: undefined }),
  estimated: fc.boolean(),
});

/** As the books give it back. */
const stored = (terms: PriceTerms): PriceTerms => JSON.parse(JSON.stringify(terms)) as PriceTerms;

describe('an agreed price', () => {
  const kinds = [
    ['tokens', new TokenPrice({ prices, longContext, webSearch: parseDecimal('0.01') }, SIZE, 150)],
    ['video by the second', videoPrice({ perSecond: parseDecimal('0.05') }, 8, 150)],
    ['video by the piece', videoPrice({ perVideo: parseDecimal('0.4') }, undefined, 150)],
    ['free video', videoPrice('free', 4, 150)],
  ] as const;

  it.each(kinds)('of %s charges the same for whoever reads its terms', (_kind, price) => {
    const agreed = agreedPrice(stored(price.terms));
    fc.assert(
      fc.property(anyMeasurement, (measurement) => {
        expect(agreed.chargeFor(measurement)).toEqual(price.chargeFor(measurement));
      }),
    );
  });

  it.each(kinds)(
    'of %s needs no name for its kind, as it was stored before there were any',
    (_kind, price) => {
      const { kind: _name, ...terms } = stored(price.terms);
      const measurement = { usage: { ...NO_USAGE, inputTokens: 7, outputTokens: 9 }, estimated: true };
      expect(agreedPrice(terms).chargeFor(measurement)).toEqual(price.chargeFor(measurement));
    },
  );

  it('of a kind that a newer build has named is left to that build', () => {
    expect(() => agreedPrice({ kind: 'images', feeBps: 0 })).toThrow('images');
  });
});
