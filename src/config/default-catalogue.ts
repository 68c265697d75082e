import type { CatalogSnapshot } from '../catalog/catalog.js';
import type { InputKind, Model, ProviderSettings, TextModel } from '../catalog/model.js';
import type { TextPricing } from '../payments/domain/pricing.js';
import { parseDecimal } from '../payments/domain/decimal.js';
import type { EnvironmentVariables } from './environment/environment-variables.js';
import { GOOGLE_VIDEOS, OPENAI_VIDEOS, videoModels } from './default-videos.js';
import { trimSlashes } from './environment/rules.js';
import { defaultProvider } from './gateway-file/providers.js';
import { DEFAULT_PART_TOKENS } from './model-defaults.js';

/**
 * The well-known models that need no file. The table was written by hand on this day and is not fetched from the
 * providers: compare its limits and prices with theirs, and say what differs in a gateway.yaml.
 */
const CATALOGUE_DATE = '2026-11-22';

const CATALOGUE_CREATED = Date.parse(CATALOGUE_DATE) / 1000;

interface Entry {
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** USD per 1M tokens: input, cached input, output. */
  readonly usd: readonly [input: string, cachedInput: string, output: string];
  readonly cacheWriteUsd?: string;
  /** The same three prices for calls whose input is longer. */
  readonly longContext?: { readonly above: number; readonly usd: Entry['usd'] };
  readonly inputKinds: readonly InputKind[];
  readonly imageTokens?: number;
}

const GPT_5 = { contextWindow: 400_000, maxOutputTokens: 128_000, inputKinds: ['text', 'image'] } as const;
const GPT_4_1 = { contextWindow: 1_047_576, maxOutputTokens: 32_768, inputKinds: ['text', 'image'] } as const;
const GPT_4O = { contextWindow: 128_000, maxOutputTokens: 16_384, inputKinds: ['text', 'image'] } as const;
const O_SERIES = { contextWindow: 200_000, maxOutputTokens: 100_000, inputKinds: ['text', 'image'] } as const;
const CLAUDE = { contextWindow: 200_000, maxOutputTokens: 64_000, inputKinds: ['text', 'image'] } as const;
const GEMINI = {
  contextWindow: 1_048_576,
  maxOutputTokens: 65_536,
  inputKinds: ['text', 'image', 'audio', 'file'],
} as const;

const OPENAI_MODELS: Readonly<Record<string, Entry>> = {
  'gpt-5.5': { ...GPT_5, usd: ['1.25', '0.125', '10'] },
  'gpt-5.1': { ...GPT_5, usd: ['1.25', '0.125', '10'] },
  'gpt-5': { ...GPT_5, usd: ['1.25', '0.125', '10'] },
  'gpt-5-mini': { ...GPT_5, usd: ['0.25', '0.025', '2'] },
  'gpt-5-nano': { ...GPT_5, usd: ['0.05', '0.005', '0.4'] },
  'gpt-4.1': { ...GPT_4_1, usd: ['2', '0.5', '8'] },
  'gpt-4.1-mini': { ...GPT_4_1, usd: ['0.4', '0.1', '1.6'] },
  'gpt-4.1-nano': { ...GPT_4_1, usd: ['0.1', '0.025', '0.4'] },
  'gpt-4o': { ...GPT_4O, usd: ['2.5', '1.25', '10'] },
  'gpt-4o-mini': { ...GPT_4O, usd: ['0.15', '0.075', '0.6'], imageTokens: 50_000 },
  o3: { ...O_SERIES, usd: ['2', '0.5', '8'] },
  'o4-mini': { ...O_SERIES, usd: ['1.1', '0.275', '4.4'] },
};

const ANTHROPIC_MODELS: Readonly<Record<string, Entry>> = {
  'claude-opus-4-6': { ...CLAUDE, maxOutputTokens: 128_000, usd: ['5', '0.5', '25'], cacheWriteUsd: '6.25' },
  'claude-opus-4-5': { ...CLAUDE, usd: ['5', '0.5', '25'], cacheWriteUsd: '6.25' },
  'claude-sonnet-4-6': { ...CLAUDE, usd: ['3', '0.3', '15'], cacheWriteUsd: '3.75' },
  'claude-sonnet-4-5': { ...CLAUDE, usd: ['3', '0.3', '15'], cacheWriteUsd: '3.75' },
  'claude-haiku-4-5': { ...CLAUDE, usd: ['1', '0.1', '5'], cacheWriteUsd: '1.25' },
};

const GOOGLE_MODELS: Readonly<Record<string, Entry>> = {
  'gemini-2.5-pro': {
    ...GEMINI,
    usd: ['1.25', '0.125', '10'],
    longContext: { above: 200_000, usd: ['2.5', '0.25', '15'] },
  },
  'gemini-2.5-flash': { ...GEMINI, usd: ['0.3', '0.03', '2.5'] },
  'gemini-2.5-flash-lite': { ...GEMINI, usd: ['0.1', '0.01', '0.4'] },
};

/** Each key that is set brings its provider and the models known of it. */
export function catalogueFromKeys(variables: EnvironmentVariables): CatalogSnapshot {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, GEMINI_API_KEY } = variables;
  const openai = defaultProvider('openai', 'openai');
  const openaiUrl = trimSlashes(OPENAI_BASE_URL ?? openai.baseUrl);
  const offers: readonly Offer[] = [
    {
      provider: {
        ...openai,
        apiKey: OPENAI_API_KEY,
        baseUrl: openaiUrl,
        wires: ['chat', 'videos'],
      },
      texts: OPENAI_MODELS,
      videos: openaiUrl === openai.baseUrl ? {} : OPENAI_VIDEOS,
    },
    {
      provider: { ...defaultProvider('anthropic', 'anthropic'), apiKey: ANTHROPIC_API_KEY },
      texts: ANTHROPIC_MODELS,
      videos: {},
    },
    {
      provider: { ...defaultProvider('google', 'google'), apiKey: GEMINI_API_KEY },
      texts: GOOGLE_MODELS,
      videos: GOOGLE_VIDEOS,
    },
  ];
  const offered = offers.filter(({ provider }) => provider.apiKey !== undefined);
  return {
    providers: new Map(offered.map(({ provider }) => [provider.id, provider])),
    models: new Map(offered.flatMap(modelsOf).map((model) => [model.id, model])),
  };
}

interface Offer {
  readonly provider: ProviderSettings;
  readonly texts: Readonly<Record<string, Entry>>;
  readonly videos: Parameters<typeof videoModels>[0];
}

function modelsOf({ provider, texts, videos }: Offer): readonly Model[] {
  return [
    ...Object.entries(texts).map(([id, entry]) => textModel(id, entry, provider)),
    ...videoModels(videos, provider, CATALOGUE_CREATED),
  ];
}

function textModel(id: string, entry: Entry, provider: ProviderSettings): TextModel {
  const { contextWindow, maxOutputTokens, inputKinds, imageTokens } = entry;
  return {
    kind: 'text',
    id,
    targets: [{ provider, upstreamModel: id, priority: 1, weight: 1 }],
    contextWindow,
    maxOutputTokens,
    pricing: pricing(entry),
    partTokens: { ...DEFAULT_PART_TOKENS, ...(imageTokens !== undefined && { image: imageTokens }) },
    created: CATALOGUE_CREATED,
    ownedBy: provider.id,
    inputKinds,
  };
}

function pricing({ usd, cacheWriteUsd, longContext }: Entry): TextPricing {
  return {
    ...tokenPrices(usd),
    ...(cacheWriteUsd !== undefined && { cacheWrite: parseDecimal(cacheWriteUsd) }),
    ...(longContext && {
      longContext: { ...tokenPrices(longContext.usd), aboveInputTokens: longContext.above },
    }),
  };
}

function tokenPrices([input, cachedInput, output]: Entry['usd']) {
  return {
    input: parseDecimal(input),
    cachedInput: parseDecimal(cachedInput),
    output: parseDecimal(output),
  };
}
