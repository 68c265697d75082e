import type { TokenPrices } from '../payments/domain/pricing.js';
import { formatDecimal, type Decimal } from '../payments/domain/decimal.js';
import type { JsonObject } from '../json.js';
import type { InputKind, Model } from './model.js';

/** The model as OpenAI's list shows one. */
export interface ExternalModelCard {
  readonly id: string;
  readonly object: 'model';
  /** Epoch seconds. */
  readonly created: number;
  readonly owned_by: string;
}

/** The model with its limits and prices. */
export interface NativeModelCard extends ExternalModelCard {
  readonly modelId: string;
  readonly provider: string;
  readonly input: readonly InputKind[];
  readonly output: readonly 'text'[];
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** USD per 1M tokens, and per call for `webSearchPerCall`; zeros for a free model. */
  readonly pricing: JsonObject;
}

export function externalModelCard({ id, created, ownedBy }: Model): ExternalModelCard {
  return { id, object: 'model', created, owned_by: ownedBy };
}

export function nativeModelCard(model: Model): NativeModelCard {
  return {
    ...externalModelCard(model),
    modelId: model.id,
    provider: model.targets[0]?.provider.id ?? '',
    input: model.inputKinds ?? ['text'],
    output: ['text'],
    contextWindow: model.contextWindow,
    maxOutputTokens: model.maxOutputTokens,
    pricing: shownPricing(model),
  };
}

function shownPricing({ pricing }: Model): JsonObject {
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

function shownPrices({ input, cachedInput, cacheWrite, output, reasoning }: TokenPrices): JsonObject {
  return {
    input: usd(input),
    ...(cachedInput && { cachedInput: usd(cachedInput) }),
    ...(cacheWrite && { cacheWrite: usd(cacheWrite) }),
    output: usd(output),
    ...(reasoning && { reasoning: usd(reasoning) }),
  };
}

/** For reading only; money is never counted with it. */
function usd(price: Decimal): number {
  return Number(formatDecimal(price));
}
