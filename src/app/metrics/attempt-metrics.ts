import type { Registry } from 'prom-client';
import type { AttemptEnded } from '../../base/moments/moment.js';
import { countedElsewhere } from './counted-elsewhere.js';
import { outcomesIn, PerTarget, type TargetLabels } from './per-target.js';

const LABELS = ['provider', 'model'] as const;
/** Bound on model names, because clients may choose the names of models that are passed through. */
const MOST_MODELS = 1_000;
const OTHERS = 'others';

interface AttemptTotal {
  readonly labels: TargetLabels;
  readonly outcomes: Map<AttemptEnded['outcome'], number>;
  /** Undefined until the target has counted something. */
  input: AttemptEnded['input'];
}

/** Metrics of attempts at targets, by the target's own name of its model. */
export class AttemptMetrics {
  private readonly totals = new PerTarget<AttemptTotal>(({ provider, model }) => ({
    labels: { provider, model },
    outcomes: new Map(),
    input: undefined,
  }));
  private readonly models = new Set<string>();

  constructor(registry: Registry) {
    const attempts = {
      name: 'slipstream_upstream_attempts_total',
      help: 'Attempts at providers for text and embeddings: "answered", or the error code that they ended with.',
      labelNames: [...LABELS, 'outcome'] as const,
    };
    countedElsewhere(registry, attempts, () => this.totals.all().flatMap(outcomesIn));
    const input = {
      name: 'slipstream_upstream_input_tokens_total',
      help: 'Input tokens as targets for text have counted them.',
      labelNames: LABELS,
    };
    countedElsewhere(registry, input, () => this.inputs('inputTokens'));
    const cached = {
      name: 'slipstream_upstream_cached_input_tokens_total',
      help: 'The part of slipstream_upstream_input_tokens_total that targets read from their prompt caches.',
      labelNames: LABELS,
    };
    countedElsewhere(registry, cached, () => this.inputs('cachedInputTokens'));
  }

  ended({ provider, upstreamModel, outcome, input }: AttemptEnded): void {
    if (outcome === 'abandoned' && !input) return;
    const total = this.totals.of(provider, this.boundedName(upstreamModel));
    if (outcome !== 'abandoned') total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + 1);
    if (!input) return;
    const { inputTokens = 0, cachedInputTokens = 0 } = total.input ?? {};
    total.input = {
      inputTokens: inputTokens + input.inputTokens,
      cachedInputTokens: cachedInputTokens + input.cachedInputTokens,
    };
  }

  private *inputs(
    count: keyof NonNullable<AttemptTotal['input']>,
  ): Generator<readonly [TargetLabels, number]> {
    for (const { labels, input } of this.totals.all()) if (input) yield [labels, input[count]];
  }

  private boundedName(model: string): string {
    if (this.models.size >= MOST_MODELS && !this.models.has(model)) return OTHERS;
    this.models.add(model);
    return model;
  }
}
