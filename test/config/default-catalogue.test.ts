import { describe, expect, it } from '@jest/globals';
import type { TextModel } from '../../src/catalog/model.js';
import { BUILT_IN_MODELS } from '../../src/config/built-in-models.js';
import { catalogueFromKeys } from '../../src/config/default-catalogue.js';
import { EnvironmentVariables } from '../../src/config/environment/environment-variables.js';
import { DIALECTS } from '../../src/providers/dialects.js';
import { formatDecimal, type Decimal } from '../../src/base/money/decimal.js';
import type { TextPricing, TokenPrices } from '../../src/base/money/pricing.js';

const { models } = catalogueFromKeys(
  Object.assign(new EnvironmentVariables(), {
    OPENAI_API_KEY: 'a',
    ANTHROPIC_API_KEY: 'b',
    GEMINI_API_KEY: 'c',
  }),
  DIALECTS,
);
const texts = [...models.values()].filter((model): model is TextModel => model.kind === 'text');

function usd(price: Decimal | undefined): number {
  return price === undefined ? NaN : Number(formatDecimal(price));
}

function pricesOf(id: string): TextPricing {
  const { pricing } = models.get(id) as TextModel;
  if (pricing === 'free') throw new Error(`${id} is free`);
  return pricing;
}

function row({ input, cachedInput, cacheWrite, output }: TokenPrices): readonly number[] {
  return [usd(input), usd(cachedInput), usd(cacheWrite), usd(output)];
}

describe('the models that need no file', () => {
  it('make embeddings, too, each at its own provider', () => {
    const embeddings = [...models.values()].filter(({ kind }) => kind === 'embedding');
    expect(embeddings.map(({ id, targets }) => [id, targets[0]?.provider.id])).toEqual([
      ['text-embedding-3-small', 'openai'],
      ['text-embedding-3-large', 'openai'],
      ['text-embedding-ada-002', 'openai'],
      ['gemini-embedding-001', 'google'],
    ]);
  });

  it('have prices that stand to each other as their providers say', () => {
    for (const { id } of texts) {
      const { longContext, ...short } = pricesOf(id);
      for (const [input, cached, written, output] of [short, ...(longContext ? [longContext] : [])].map(
        row,
      )) {
        expect([id, cached! < input! && input! < output!]).toEqual([id, true]);
        if (!Number.isNaN(written)) expect([id, written! / input!]).toEqual([id, 1.25]);
      }
      if (longContext) expect([id, usd(longContext.output) > usd(short.output)]).toEqual([id, true]);
    }
  });

  it('bill a long call at its own prices, cache writes included', () => {
    expect(row(pricesOf('gpt-6.2-sol'))).toEqual([2, 0.1, 2.5, 10]);
    expect(row(pricesOf('gpt-6.2-sol').longContext!)).toEqual([4, 0.2, 5, 15]);
    expect(pricesOf('claude-haiku-5-5').longContext!.aboveInputTokens).toBe(100_000);
    expect(row(pricesOf('claude-haiku-5-5').longContext!)).toEqual([0.5, 0.05, 0.625, 2.5]);
  });

  it('are known by their dated names too, but listed by one', () => {
    const haiku = BUILT_IN_MODELS.get('claude-haiku-4-5')!;
    expect(BUILT_IN_MODELS.get('claude-haiku-4-5-20251001')).toBe(haiku);
    expect(BUILT_IN_MODELS.has('gpt-4o-2024-05-13')).toBe(false);
    const dated = [...BUILT_IN_MODELS.keys()].filter((name) => !models.has(name));
    expect(dated).not.toEqual([]);
    for (const name of dated)
      expect([name, models.has(name.replace(/-\d{8}$|-\d{4}-\d{2}-\d{2}$/, ''))]).toEqual([name, true]);
  });

  it('take no price from a discount that ends soon', () => {
    expect(row(pricesOf('gemini-3.8-flash'))).toEqual([1.5, 0.15, NaN, 7.5]);
  });

  it.each([
    'o4-mini',
    'gpt-4.1-nano',
    'gpt-5',
    'o3',
    'claude-sonnet-4-5',
    'gemini-2.5-pro',
    'gemini-2.5-flash',
  ])('are not those that their provider shuts down: %s', (id) => {
    expect(models.has(id)).toBe(false);
  });
});
