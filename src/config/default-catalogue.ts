import type { CatalogSnapshot } from '../catalog/catalog.js';
import type {
  DiscoverSettings,
  EmbeddingModel,
  KnownEmbedding,
  KnownEmbeddings,
  KnownModel,
  KnownModels,
  Model,
  ProviderSettings,
  TextModel,
} from '../catalog/model.js';
import { GOOGLE_EMBEDDINGS, OPENAI_EMBEDDINGS } from './built-in-embeddings.js';
import { ANTHROPIC_MODELS, CATALOGUE_CREATED, GOOGLE_MODELS, OPENAI_MODELS } from './built-in-models.js';
import { defaultProvider } from './default-provider.js';
import type { Dialects } from '../catalog/dialect.js';
import type { EnvironmentVariables } from './environment/environment-variables.js';
import { OPENAI_VIDEOS, videoModels } from './default-videos.js';
import { NO_PROXIES, type Proxies } from './environment/proxies.js';
import { trimSlashes } from './environment/rules.js';
import { DISCOVER_DEFAULTS } from './gateway-file/discover.js';

/** Each key that is set adds its provider and the known models of that provider. */
export function catalogueFromKeys(
  variables: EnvironmentVariables,
  dialects: Dialects,
  proxies: Proxies = NO_PROXIES,
): CatalogSnapshot {
  const { ANTHROPIC_API_KEY, GEMINI_API_KEY } = variables;
  const offers: readonly Offer[] = [
    openAiOffer(variables, dialects, proxies),
    {
      provider: {
        ...defaultProvider('anthropic', 'anthropic', dialects, { proxies }),
        apiKey: ANTHROPIC_API_KEY,
      },
      texts: ANTHROPIC_MODELS,
      embeddings: new Map(),
      videos: {},
    },
    {
      provider: { ...defaultProvider('google', 'google', dialects, { proxies }), apiKey: GEMINI_API_KEY },
      texts: GOOGLE_MODELS,
      embeddings: GOOGLE_EMBEDDINGS,
      videos: {},
    },
  ];
  const offered = offers.filter(({ provider }) => provider.apiKey !== undefined || provider.discover);
  return {
    providers: new Map(offered.map(({ provider }) => [provider.id, provider])),
    models: new Map(offered.flatMap(modelsOf).map((model) => [model.id, model])),
  };
}

interface Offer {
  readonly provider: ProviderSettings;
  readonly texts: KnownModels;
  readonly embeddings: KnownEmbeddings;
  readonly videos: Parameters<typeof videoModels>[0];
}

/**
 * A key for OpenAI itself adds OpenAI's known models. With a key for another server they are there too, at the same
 * prices, and so are the models that this server lists and the catalogue knows: a key usually means that calls cost
 * money, so nothing is free. A server without a key is taken to be self-hosted: all models that it lists are offered,
 * free.
 */
function openAiOffer(
  { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: url }: EnvironmentVariables,
  dialects: Dialects,
  proxies: Proxies,
): Offer {
  const baseUrl = url === undefined ? undefined : withVersion(trimSlashes(url));
  const openai = defaultProvider('openai', 'openai', dialects, { proxies, baseUrl });
  const isOpenAi = openai.baseUrl === dialects.openai.defaults.baseUrl;
  if (apiKey === undefined) {
    const local: ProviderSettings = {
      ...defaultProvider('local', 'openai', dialects, { proxies, baseUrl }),
      tokenLimitField: 'max_tokens',
    };
    const discover: DiscoverSettings = { ...DISCOVER_DEFAULTS, pricing: 'free' };
    const provider = { ...local, ...(url !== undefined && { discover }) };
    return { provider, texts: new Map(), embeddings: new Map(), videos: {} };
  }
  return {
    provider: {
      ...openai,
      apiKey,
      wires: ['chat', 'embeddings', 'videos'],
      ...(!isOpenAi && { discover: DISCOVER_DEFAULTS }),
    },
    texts: OPENAI_MODELS,
    embeddings: OPENAI_EMBEDDINGS,
    videos: isOpenAi ? {} : OPENAI_VIDEOS,
  };
}

/** Servers state their address without the path of their API. */
function withVersion(url: string): string {
  return new URL(url).pathname === '/' ? `${url}/v1` : url;
}

function modelsOf({ provider, texts, embeddings, videos }: Offer): readonly Model[] {
  return [
    ...[...texts].map(([id, known]) => textModel(id, known, provider)),
    ...[...embeddings].map(([id, known]) => embeddingModel(id, known, provider)),
    ...videoModels(videos, provider, CATALOGUE_CREATED),
  ];
}

function textModel(id: string, known: KnownModel, provider: ProviderSettings): TextModel {
  return {
    kind: 'text',
    id,
    targets: [{ provider, upstreamModel: id, priority: 1, weight: 1 }],
    ...known,
    created: CATALOGUE_CREATED,
    ownedBy: provider.id,
  };
}

function embeddingModel(id: string, known: KnownEmbedding, provider: ProviderSettings): EmbeddingModel {
  return {
    kind: 'embedding',
    id,
    targets: [{ provider, upstreamModel: id, priority: 1, weight: 1 }],
    ...known,
    created: CATALOGUE_CREATED,
    ownedBy: provider.id,
  };
}
