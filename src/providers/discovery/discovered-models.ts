import { isModelName } from '../../catalog/model-name.js';
import type {
  DiscoverSettings,
  EmbeddingModel,
  KnownEmbedding,
  KnownModel,
  KnownModels,
  Model,
  ProviderSettings,
  TextModel,
} from '../../catalog/model.js';
import {
  DEFAULT_CREATED,
  DEFAULT_EMBEDDING_WINDOW,
  DEFAULT_PART_TOKENS,
  defaultOutputTokens,
} from '../../catalog/model-defaults.js';
import type { ListedModel } from './listed-model.js';

/** More than any known server lists. */
const MOST_MODELS = 2_000;

export interface Discovered {
  readonly models: readonly Model[];
  /** Upstream names of the models that are left out because their price is not known. */
  readonly unpriced: readonly string[];
  /** Number of models left out because their names make no public id, or because there are too many. */
  readonly unusable: number;
}

/** Which of a provider's listed models are offered. */
export function discoveredModels(
  provider: ProviderSettings,
  settings: DiscoverSettings,
  listed: readonly ListedModel[],
): Discovered {
  const included = matcher(settings.include);
  const models: Model[] = [];
  const unpriced: string[] = [];
  let unusable = 0;
  for (const entry of listed) {
    if (!included(entry.name)) continue;
    if (isEmbedding(settings, entry) && !provider.wires.includes('embeddings')) continue;
    const id = settings.prefix + entry.name;
    const model = isModelName(id) ? pricedModel(id, provider, settings, entry) : undefined;
    if (!isModelName(id) || models.length === MOST_MODELS) unusable += 1;
    else if (model) models.push(model);
    else unpriced.push(entry.name);
  }
  return { models, unpriced, unusable };
}

/** Undefined when prices are by name and this model has none. */
function pricedModel(
  id: string,
  provider: ProviderSettings,
  settings: DiscoverSettings,
  listed: ListedModel,
): TextModel | EmbeddingModel | undefined {
  if (isEmbedding(settings, listed)) {
    const known = knownEmbedding(settings, listed);
    return known && { kind: 'embedding', id, ...offered(provider, listed), ...known };
  }
  const known = knownModel(settings, listed);
  return known && { kind: 'text', id, ...offered(provider, listed), ...known };
}

/** By the built-in table, or by the list itself. */
function isEmbedding({ embeddings }: DiscoverSettings, listed: ListedModel): boolean {
  return listed.makesEmbeddings === true || embeddings.has(plainName(listed));
}

function offered(
  provider: ProviderSettings,
  { name, created = DEFAULT_CREATED }: ListedModel,
): Pick<Model, 'targets' | 'created' | 'ownedBy'> {
  return {
    targets: [{ provider, upstreamModel: name, priority: 1, weight: 1 }],
    created,
    ownedBy: provider.id,
  };
}

/** At its own price where prices are by name, else at that of all models. */
function knownEmbedding(
  { embeddings, pricing }: DiscoverSettings,
  listed: ListedModel,
): KnownEmbedding | undefined {
  const known = embeddings.get(plainName(listed));
  if (isByName(pricing)) return known;
  const contextWindow = known?.contextWindow ?? listed.contextWindow ?? DEFAULT_EMBEDDING_WINDOW;
  return { contextWindow, pricing: pricing === 'free' ? pricing : { input: pricing.input } };
}

function knownModel(settings: DiscoverSettings, listed: ListedModel): KnownModel | undefined {
  const { pricing } = settings;
  if (isByName(pricing)) {
    const known = pricing.get(plainName(listed));
    return known && within(known, listed);
  }
  const contextWindow = listed.contextWindow ?? settings.contextWindow;
  const limit = listed.maxOutputTokens ?? settings.maxOutputTokens;
  const isGuessed = limit === undefined && pricing !== 'free';
  return {
    contextWindow,
    maxOutputTokens: Math.min(limit ?? contextWindow, contextWindow),
    ...(isGuessed && { defaultOutputTokens: defaultOutputTokens(contextWindow) }),
    pricing,
    partTokens: DEFAULT_PART_TOKENS,
  };
}

function isByName(pricing: DiscoverSettings['pricing']): pricing is KnownModels {
  return pricing instanceof Map;
}

/** Google's list puts this in front of the usual names of its models. */
const GOOGLE_PREFIX = /^models\//;

function plainName({ name }: ListedModel): string {
  return name.replace(GOOGLE_PREFIX, '');
}

/** A server may have lower limits for a model than the model's maker. */
function within(known: KnownModel, { contextWindow = Infinity, maxOutputTokens = Infinity }: ListedModel) {
  const window = Math.min(known.contextWindow, contextWindow);
  const most = Math.min(known.maxOutputTokens, maxOutputTokens, window);
  const { defaultOutputTokens: byDefault } = known;
  return {
    ...known,
    contextWindow: window,
    maxOutputTokens: most,
    ...(byDefault !== undefined && { defaultOutputTokens: Math.min(byDefault, most) }),
  };
}

/** Patterns in which `*` stands for any text. */
function matcher(patterns: readonly string[]): (name: string) => boolean {
  const parts = patterns.map((pattern) => pattern.split('*'));
  return (name) => parts.some((texts) => matches(name, texts));
}

/** Takes the first occurrence of each text, which finds a match if there is one; linear in the name for each text. */
function matches(name: string, [first = '', ...rest]: readonly string[]): boolean {
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const text of rest) {
    const at = name.indexOf(text, from);
    if (at < 0) return false;
    from = at + text.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}
