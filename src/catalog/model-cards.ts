import type { TextPricing, TokenPrices, VideoPricing } from '../base/money/pricing.js';
import { formatDecimal, type Decimal } from '../base/money/decimal.js';
import type { JsonObject } from '../base/json.js';
import type { EmbeddingModel, InputKind, Model, ReasoningEffort, TextModel, VideoModel } from './model.js';

/** The model as in OpenAI's list of models. */
export interface ExternalModelCard {
  readonly id: string;
  readonly object: 'model';
  /** Epoch seconds. */
  readonly created: number;
  readonly owned_by: string;
}

/** The model with its limits and prices. */
interface NativeCard extends ExternalModelCard {
  /** The model's own id. */
  readonly modelId: string;
  readonly displayName?: string;
  readonly provider: string;
  readonly input: readonly InputKind[];
  /** USD: per 1M tokens, per call for `webSearchPerCall`, per second or per video; zeros for a free model. */
  readonly pricing: JsonObject;
}

export interface NativeTextModelCard extends NativeCard {
  readonly output: readonly 'text'[];
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly reasoningEfforts?: readonly ReasoningEffort[];
}

/** Where a list is absent, the provider decides. */
export interface NativeVideoModelCard extends NativeCard {
  readonly output: readonly 'video'[];
  /** Seconds; the first is the default. */
  readonly durations?: readonly number[];
  readonly sizes?: readonly string[];
  readonly aspectRatios?: readonly string[];
}

export interface NativeEmbeddingModelCard extends NativeCard {
  readonly output: readonly 'embedding'[];
  /** Tokens of the longest single input. */
  readonly contextWindow: number;
}

/** @param id the name that was asked for: the model's own, or an alias */
export function externalModelCard(model: Model, id = model.id): ExternalModelCard {
  return { id, object: 'model', created: model.created, owned_by: model.ownedBy };
}

/** @param id the name that was asked for: the model's own, or an alias */
export function nativeModelCard(
  model: Model,
  id = model.id,
): NativeTextModelCard | NativeVideoModelCard | NativeEmbeddingModelCard {
  const card = {
    ...externalModelCard(model, id),
    ...(model.displayName !== undefined && { displayName: model.displayName }),
    modelId: model.id,
    provider: model.targets[0]?.provider.id ?? '',
    input: model.inputKinds ?? ['text'],
  };
  switch (model.kind) {
    case 'text':
      return { ...card, ...textDetails(model) };
    case 'video':
      return { ...card, ...videoDetails(model) };
    case 'embedding':
      return { ...card, ...embeddingDetails(model) };
  }
}

function textDetails(model: TextModel) {
  const { contextWindow, maxOutputTokens, reasoningEfforts, pricing } = model;
  return {
    output: ['text'] as const,
    contextWindow,
    maxOutputTokens,
    ...(reasoningEfforts && { reasoningEfforts }),
    pricing: shownTextPricing(pricing),
  };
}

function videoDetails({ durations, sizes, aspectRatios, pricing }: VideoModel) {
  return {
    output: ['video'] as const,
    ...(durations && { durations }),
    ...(sizes && { sizes }),
    ...(aspectRatios && { aspectRatios }),
    pricing: shownVideoPricing(pricing),
  };
}

function embeddingDetails({ contextWindow, pricing }: EmbeddingModel) {
  return {
    output: ['embedding'] as const,
    contextWindow,
    pricing: { input: pricing === 'free' ? 0 : usd(pricing.input) },
  };
}

function shownVideoPricing(pricing: VideoPricing | 'free'): JsonObject {
  if (pricing === 'free') return { perVideo: 0 };
  return 'perSecond' in pricing ? { perSecond: usd(pricing.perSecond) } : { perVideo: usd(pricing.perVideo) };
}

function shownTextPricing(pricing: TextPricing | 'free'): JsonObject {
  if (pricing === 'free') return { input: 0, output: 0 };
  const { longContext, serviceTiers, webSearchPerCall } = pricing;
  return {
    ...shownPrices(pricing),
    ...(longContext && {
      longContext: { above: longContext.aboveInputTokens, ...shownPrices(longContext) },
    }),
    ...(serviceTiers && {
      serviceTiers: Object.fromEntries(
        Object.entries(serviceTiers).map(([tier, prices]) => [tier, shownPrices(prices)]),
      ),
    }),
    ...(webSearchPerCall && { webSearchPerCall: usd(webSearchPerCall) }),
  };
}

function shownPrices({
  input,
  cachedInput,
  cacheWrite,
  cacheWrite1h,
  output,
  reasoning,
}: TokenPrices): JsonObject {
  return {
    input: usd(input),
    ...(cachedInput && { cachedInput: usd(cachedInput) }),
    ...(cacheWrite && { cacheWrite: usd(cacheWrite) }),
    ...(cacheWrite1h && { cacheWrite1h: usd(cacheWrite1h) }),
    output: usd(output),
    ...(reasoning && { reasoning: usd(reasoning) }),
  };
}

/** For display only; money is never calculated with it. */
function usd(price: Decimal): number {
  return Number(formatDecimal(price));
}
