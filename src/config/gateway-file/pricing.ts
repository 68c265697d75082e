import type { TextPricing, TokenPrices } from '../../base/money/pricing.js';
import { parseDecimal } from '../../base/money/decimal.js';
import type { Section, TextRule } from './section.js';

const ZERO = parseDecimal('0');
const MOST_TOKENS = 100_000_000;
const BUILT_IN = 'builtin';
export const PRICING_WORD: TextRule = {
  test: (text) => text === 'free' || text === BUILT_IN,
  words: `a mapping of prices, or one of the words free and ${BUILT_IN}`,
};

/** Absent only together with a problem: a model is free only when the file says so. */
export function readPricing(model: Section): TextPricing | 'free' | typeof BUILT_IN | undefined {
  if (model.isText('pricing')) {
    const word = model.text('pricing', PRICING_WORD);
    return word === undefined ? undefined : word === 'free' ? 'free' : BUILT_IN;
  }
  const section = model.section('pricing');
  if (section === undefined) return undefined;
  const longContext = section.section('long_context');
  const webSearchPerCall = section.price('web_search_per_call');
  const serviceTiers = readServiceTiers(section.section('service_tiers'));
  const pricing = {
    ...readTokenPrices(section),
    ...(longContext && { longContext: readLongContext(longContext) }),
    ...(serviceTiers && { serviceTiers }),
    ...(webSearchPerCall && { webSearchPerCall }),
  };
  section.end();
  return pricing;
}

function readTokenPrices(section: Section): TokenPrices {
  section.require('input', 'output');
  const cachedInput = section.price('cached_input');
  const cacheWrite = section.price('cache_write');
  const cacheWrite1h = section.price('cache_write_1h');
  const reasoning = section.price('reasoning');
  return {
    input: section.price('input') ?? ZERO,
    output: section.price('output') ?? ZERO,
    ...(cachedInput && { cachedInput }),
    ...(cacheWrite && { cacheWrite }),
    ...(cacheWrite1h && { cacheWrite1h }),
    ...(reasoning && { reasoning }),
  };
}

function readLongContext(section: Section): NonNullable<TextPricing['longContext']> {
  section.require('above');
  const aboveInputTokens = section.wholeNumber('above', 1, MOST_TOKENS) ?? 1;
  const prices = { ...readTokenPrices(section), aboveInputTokens };
  section.end();
  return prices;
}

function readServiceTiers(section: Section | undefined): Record<string, TokenPrices> | undefined {
  const tiers = section?.keys().flatMap((name) => {
    const tier = section.section(name);
    if (tier === undefined) return [];
    const prices = readTokenPrices(tier);
    tier.end();
    return [[name, prices] as const];
  });
  return tiers && Object.fromEntries(tiers);
}
