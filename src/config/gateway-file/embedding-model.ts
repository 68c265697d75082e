import type { InputPricing } from '../../base/money/pricing.js';
import { parseDecimal } from '../../base/money/decimal.js';
import type { Dialects } from '../../catalog/dialect.js';
import type { EmbeddingModel, Target } from '../../catalog/model.js';
import { DEFAULT_EMBEDDING_WINDOW } from '../../catalog/model-defaults.js';
import { BUILT_IN_EMBEDDINGS } from '../built-in-embeddings.js';
import { builtIn } from './built-in.js';
import { PRICING_WORD } from './pricing.js';
import type { Section } from './section.js';
import type { CommonSettings } from './video-model.js';

const MOST_TOKENS = 100_000_000;

export function readEmbeddingModel(
  section: Section,
  common: CommonSettings,
  dialects: Dialects,
): EmbeddingModel {
  refuseOthers(section, common.targets, dialects);
  const given = section.wholeNumber('context_window', 1, MOST_TOKENS);
  const pricing = readInputPricing(section);
  const known = pricing === 'builtin' ? builtIn(section, common, BUILT_IN_EMBEDDINGS) : undefined;
  const { contextWindow } = known ?? BUILT_IN_EMBEDDINGS.get(common.targets[0]?.upstreamModel ?? '') ?? {};
  const model: EmbeddingModel = {
    kind: 'embedding',
    ...common,
    contextWindow: given ?? contextWindow ?? DEFAULT_EMBEDDING_WINDOW,
    pricing: pricing === 'builtin' ? (known?.pricing ?? 'free') : (pricing ?? 'free'),
  };
  section.end();
  return model;
}

/** The sandbox makes embeddings, although it is not a dialect of the file. */
function refuseOthers(section: Section, targets: readonly Target[], dialects: Dialects): void {
  for (const { provider } of targets) {
    const dialect = dialects[provider.type];
    if (dialect && !dialect.embedding)
      section.refuse('targets', `the provider ${provider.id} makes no embeddings`);
    if (dialect?.embedding?.byWire && !provider.wires.includes('embeddings'))
      section.refuse('targets', `the provider ${provider.id} must have embeddings among its wires`);
  }
}

/** Absent only together with a problem: a model is free only when the file says so. */
function readInputPricing(model: Section): InputPricing | 'free' | 'builtin' | undefined {
  if (model.isText('pricing')) return model.text('pricing', PRICING_WORD) as 'free' | 'builtin' | undefined;
  const section = model.section('pricing');
  if (section === undefined) return undefined;
  section.require('input');
  const input = section.price('input') ?? parseDecimal('0');
  section.end();
  return { input };
}
