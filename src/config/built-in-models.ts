import type { InputKind, KnownModel, KnownModels } from '../catalog/model.js';
import type { TextPricing, TokenPrices } from '../base/money/pricing.js';
import { parseDecimal } from '../base/money/decimal.js';
import { DEFAULT_PART_TOKENS } from '../catalog/model-defaults.js';

/**
 * The well-known models that need no file, at the list prices of their providers' own addresses. Limits and prices
 * are copied by hand, not fetched. They were read on this day from
 *
 * - https://developers.openai.com/api/docs/pricing, /api/docs/models/{id} and /api/docs/deprecations
 * - https://platform.claude.com/docs/en/about-claude/pricing and /docs/en/models/{name}/overview
 * - https://ai.google.dev/gemini-api/docs/pricing, /models/{id} and /deprecations
 *
 * or, where such a page was missing or old, from two other tables that agree. Left out: models without two sources
 * for a price or a limit; models that are shut down before 2027; models whose audio costs more than their text, since
 * there is only one input price; and discounts that end before 2027: the price after them applies.
 */
const CATALOGUE_DATE = '2026-11-23';

export const CATALOGUE_CREATED = Date.parse(CATALOGUE_DATE) / 1000;

interface Prices {
  /** USD per 1M tokens: input, cached input, output. */
  readonly usd: readonly [input: string, cachedInput: string, output: string];
  /** Absent: a cache write costs as much as input. */
  readonly cacheWriteUsd?: string;
}

interface Entry extends Prices {
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** Set so that an agent's parallel calls fit into a first key's budget; absent: `maxOutputTokens`. */
  readonly defaultOutputTokens?: number;
  /** Prices of a whole call whose input is longer than `above`. */
  readonly longContext?: Prices & { readonly above: number };
  readonly inputKinds: readonly InputKind[];
  readonly imageTokens?: number;
}

const GPT_5_5 = {
  contextWindow: 1_050_000,
  maxOutputTokens: 128_000,
  defaultOutputTokens: 32_000,
  inputKinds: ['text', 'image'],
} as const;
const GPT_5 = {
  contextWindow: 400_000,
  maxOutputTokens: 128_000,
  defaultOutputTokens: 32_000,
  inputKinds: ['text', 'image'],
} as const;
const GPT_4_1 = {
  contextWindow: 1_047_576,
  maxOutputTokens: 32_768,
  defaultOutputTokens: 16_000,
  inputKinds: ['text', 'image'],
} as const;
const GPT_4O = { contextWindow: 128_000, maxOutputTokens: 16_384, inputKinds: ['text', 'image'] } as const;
const CLAUDE = {
  contextWindow: 1_000_000,
  maxOutputTokens: 128_000,
  defaultOutputTokens: 32_000,
  inputKinds: ['text', 'image'],
} as const;
const GEMINI = {
  contextWindow: 1_048_576,
  maxOutputTokens: 65_536,
  defaultOutputTokens: 32_000,
  inputKinds: ['text', 'image', 'audio', 'file'],
} as const;

/** Input tokens up to which OpenAI's short-context prices hold. */
const GPT_SHORT = 272_000;

const OPENAI_ENTRIES: Readonly<Record<string, Entry>> = {
  'gpt-6.2-sol': {
    ...GPT_5_5,
    usd: ['2', '0.1', '10'],
    cacheWriteUsd: '2.5',
    longContext: { above: GPT_SHORT, usd: ['4', '0.2', '15'], cacheWriteUsd: '5' },
  },
  'gpt-6.1-terra': {
    ...GPT_5_5,
    usd: ['1', '0.05', '5'],
    cacheWriteUsd: '1.25',
    longContext: { above: GPT_SHORT, usd: ['2', '0.1', '7.5'], cacheWriteUsd: '2.5' },
  },
  'gpt-6-luna': {
    ...GPT_5_5,
    usd: ['0.1', '0.01', '0.5'],
    cacheWriteUsd: '0.125',
    longContext: { above: GPT_SHORT, usd: ['0.2', '0.02', '0.75'], cacheWriteUsd: '0.25' },
  },
  'gpt-5.5': {
    ...GPT_5_5,
    defaultOutputTokens: 16_000,
    usd: ['5', '0.5', '30'],
    longContext: { above: GPT_SHORT, usd: ['10', '1', '45'] },
  },
  // Shut down on 2027-04-01.
  'gpt-5.1': { ...GPT_5, usd: ['1.25', '0.125', '10'] },
  // Shut down on 2027-01-14.
  'gpt-4.1': { ...GPT_4_1, usd: ['2', '0.5', '8'] },
  'gpt-4.1-mini': { ...GPT_4_1, usd: ['0.4', '0.1', '1.6'] },
  'gpt-4o': { ...GPT_4O, usd: ['2.5', '1.25', '10'] },
  'gpt-4o-mini': { ...GPT_4O, usd: ['0.15', '0.075', '0.6'], imageTokens: 50_000 },
};

const ANTHROPIC_ENTRIES: Readonly<Record<string, Entry>> = {
  'claude-fable-5-1': {
    ...CLAUDE,
    defaultOutputTokens: 16_000,
    usd: ['10', '0.25', '50'],
    cacheWriteUsd: '12.5',
  },
  'claude-opus-5-5': { ...CLAUDE, usd: ['4', '0.2', '20'], cacheWriteUsd: '5' },
  'claude-sonnet-5-5': { ...CLAUDE, usd: ['2', '0.1', '10'], cacheWriteUsd: '2.5' },
  'claude-haiku-5-5': {
    ...CLAUDE,
    usd: ['0.1', '0.01', '0.5'],
    cacheWriteUsd: '0.125',
    longContext: { above: 100_000, usd: ['0.5', '0.05', '2.5'], cacheWriteUsd: '0.625' },
  },
  'claude-opus-4-6': { ...CLAUDE, usd: ['5', '0.5', '25'], cacheWriteUsd: '6.25' },
  'claude-sonnet-4-6': { ...CLAUDE, usd: ['3', '0.3', '15'], cacheWriteUsd: '3.75' },
  'claude-haiku-4-5': {
    ...CLAUDE,
    contextWindow: 200_000,
    maxOutputTokens: 64_000,
    usd: ['1', '0.1', '5'],
    cacheWriteUsd: '1.25',
  },
};

const GOOGLE_ENTRIES: Readonly<Record<string, Entry>> = {
  // Half this price through 2026-12-31.
  'gemini-3.8-flash': { ...GEMINI, usd: ['1.5', '0.15', '7.5'] },
  'gemini-3.5-flash-lite': { ...GEMINI, usd: ['0.3', '0.03', '2.5'] },
};

/** By their names at OpenAI. */
export const OPENAI_MODELS = knownModels(OPENAI_ENTRIES);
export const ANTHROPIC_MODELS = knownModels(ANTHROPIC_ENTRIES);
export const GOOGLE_MODELS = knownModels(GOOGLE_ENTRIES);

/**
 * Dated names of the same models at the same prices, as the providers' own lists have them; Anthropic lists some models
 * by no other name. Left out: a version at another price (`gpt-4o-2024-05-13`).
 */
const DATED_NAMES: Readonly<Record<string, readonly string[]>> = {
  'gpt-5.1': ['gpt-5.1-2025-11-13'],
  'gpt-4.1': ['gpt-4.1-2025-04-14'],
  'gpt-4.1-mini': ['gpt-4.1-mini-2025-04-14'],
  'gpt-4o': ['gpt-4o-2024-08-06', 'gpt-4o-2024-11-20'],
  'gpt-4o-mini': ['gpt-4o-mini-2024-07-18'],
  'claude-haiku-4-5': ['claude-haiku-4-5-20251001'],
};

/** All built-in models by all of their names, for entries that are priced as `builtin`. */
export const BUILT_IN_MODELS: KnownModels = withDatedNames(
  new Map([...OPENAI_MODELS, ...ANTHROPIC_MODELS, ...GOOGLE_MODELS]),
);

function withDatedNames(models: KnownModels): KnownModels {
  const dated = [...models].flatMap(([name, model]) =>
    (DATED_NAMES[name] ?? []).map((other) => [other, model] as const),
  );
  return new Map([...models, ...dated]);
}

function knownModels(entries: Readonly<Record<string, Entry>>): KnownModels {
  return new Map(Object.entries(entries).map(([name, entry]) => [name, knownModel(entry)]));
}

function knownModel(entry: Entry): KnownModel {
  const { contextWindow, maxOutputTokens, defaultOutputTokens, inputKinds, imageTokens } = entry;
  return {
    contextWindow,
    maxOutputTokens,
    ...(defaultOutputTokens !== undefined && { defaultOutputTokens }),
    pricing: pricing(entry),
    partTokens: { ...DEFAULT_PART_TOKENS, ...(imageTokens !== undefined && { image: imageTokens }) },
    inputKinds,
  };
}

function pricing({ longContext, ...prices }: Entry): TextPricing {
  return {
    ...tokenPrices(prices),
    ...(longContext && {
      longContext: { ...tokenPrices(longContext), aboveInputTokens: longContext.above },
    }),
  };
}

function tokenPrices({ usd: [input, cachedInput, output], cacheWriteUsd }: Prices): TokenPrices {
  return {
    input: parseDecimal(input),
    cachedInput: parseDecimal(cachedInput),
    ...(cacheWriteUsd !== undefined && { cacheWrite: parseDecimal(cacheWriteUsd) }),
    output: parseDecimal(output),
  };
}
