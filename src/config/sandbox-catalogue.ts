import type { CatalogSnapshot } from '../catalog/catalog.js';
import type { EmbeddingModel, Model, ProviderSettings, TextModel, VideoModel } from '../catalog/model.js';
import { SANDBOX_PREFIX } from '../catalog/sandbox-id.js';
import { parseDecimal } from '../base/money/decimal.js';
import { COMMON_DEFAULTS } from './default-provider.js';
import { GENERIC_PROFILE } from '../catalog/provider-profiles.js';
import { DEFAULT_CREATED, DEFAULT_EMBEDDING_WINDOW, DEFAULT_PART_TOKENS } from '../catalog/model-defaults.js';

export const SANDBOX_PROVIDER_ID = 'sandbox';

const PRICING = { input: parseDecimal('1'), output: parseDecimal('2') };

const PROVIDER: ProviderSettings = {
  ...GENERIC_PROFILE,
  ...COMMON_DEFAULTS,
  id: SANDBOX_PROVIDER_ID,
  type: 'sandbox',
  baseUrl: '',
  wires: ['chat', 'embeddings', 'videos'],
  maxConnections: 1,
  proxy: undefined,
};

/**
 * The built-in provider without a network. A call that sets no limit holds its model's whole output limit at 2 atomic
 * a token: 0.008 USDC for the assistant, whose answers are short, 0.13 USDC for echo, which can answer at length.
 */
export const SANDBOX_CATALOGUE: CatalogSnapshot = {
  providers: new Map([[PROVIDER.id, PROVIDER]]),
  models: new Map(
    [
      sandboxModel('echo', 1_000_000, 65_536),
      sandboxModel('assistant', 200_000, 4_096),
      sandboxEmbeddingModel(),
      sandboxVideoModel(),
    ].map((model): [string, Model] => [model.id, model]),
  ),
};

function sandboxModel(name: string, contextWindow: number, maxOutputTokens: number): TextModel {
  return {
    kind: 'text',
    id: `${SANDBOX_PREFIX}${name}`,
    targets: [{ provider: PROVIDER, upstreamModel: name, priority: 1, weight: 1 }],
    contextWindow,
    maxOutputTokens,
    pricing: PRICING,
    partTokens: DEFAULT_PART_TOKENS,
    created: DEFAULT_CREATED,
    ownedBy: SANDBOX_PROVIDER_ID,
  };
}

/** Takes inputs as long as OpenAI's embedding models do. */
function sandboxEmbeddingModel(): EmbeddingModel {
  return {
    kind: 'embedding',
    id: `${SANDBOX_PREFIX}embedding`,
    targets: [{ provider: PROVIDER, upstreamModel: 'embedding', priority: 1, weight: 1 }],
    contextWindow: DEFAULT_EMBEDDING_WINDOW,
    pricing: { input: PRICING.input },
    created: DEFAULT_CREATED,
    ownedBy: SANDBOX_PROVIDER_ID,
  };
}

/** Takes the same values as OpenAI's video models, so that their clients work with it unchanged. */
function sandboxVideoModel(): VideoModel {
  return {
    kind: 'video',
    id: `${SANDBOX_PREFIX}video`,
    targets: [{ provider: PROVIDER, upstreamModel: 'video', priority: 1, weight: 1 }],
    pricing: { perSecond: parseDecimal('0.1') },
    durations: [4, 8, 12],
    sizes: ['720x1280', '1280x720', '1024x1792', '1792x1024'],
    created: DEFAULT_CREATED,
    ownedBy: SANDBOX_PROVIDER_ID,
    inputKinds: ['text', 'image'],
  };
}
