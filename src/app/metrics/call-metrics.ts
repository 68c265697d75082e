import { Histogram, type Registry } from 'prom-client';
import type { CallEnded, Moment } from '../../base/moments/moment.js';
import { AttemptMetrics } from './attempt-metrics.js';
import { CallTotals, type CallTotal } from './call-totals.js';
import { countedElsewhere } from './counted-elsewhere.js';
import { outcomesIn, type TargetLabels } from './per-target.js';
import { Tally } from './tally.js';

const LABELS = ['model', 'provider'] as const;
const ATOMIC_PER_USD = 1_000_000;
/** Bounds in seconds, from a cached word to a long reasoning. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/**
 * Metrics of paid calls for text and embeddings. Their model label is the catalog entry, which the operator names:
 * names that clients choose would be unbounded.
 */
export class CallMetrics {
  private readonly totals = new CallTotals();
  private readonly attempts: AttemptMetrics;
  private readonly refusals: Tally<'model' | 'code'>;
  private readonly duration: Histogram<'model' | 'provider'>;
  private readonly firstWord: Histogram<'model' | 'provider'>;

  constructor(registry: Registry) {
    registerTotals(registry, this.totals);
    this.attempts = new AttemptMetrics(registry);
    this.refusals = new Tally(registry, {
      name: 'slipstream_call_refusals_total',
      help: 'Calls that the books refused before they ran, by error code.',
      labelNames: ['model', 'code'],
    });
    const timed = { labelNames: LABELS, buckets: SECONDS, registers: [registry] };
    this.duration = new Histogram({
      name: 'slipstream_call_duration_seconds',
      help: 'From the request for a hold to the end of the money.',
      ...timed,
    });
    this.firstWord = new Histogram({
      name: 'slipstream_call_first_word_seconds',
      help: "Until the model's first word reached the gateway; of a whole answer, all of it.",
      ...timed,
    });
  }

  listen(moment: Moment): void {
    switch (moment.type) {
      case 'attempt_ended':
        return this.attempts.ended(moment);
      case 'refused':
        return this.refusals.add({ model: moment.entryId, code: moment.code ?? '' });
      case 'settled':
      case 'released':
        return this.ended(moment);
      default:
    }
  }

  private ended(call: CallEnded): void {
    const { labels } = this.totals.add(call);
    this.duration.observe(labels, call.durationMs / 1000);
    if (call.firstEventMs !== undefined) this.firstWord.observe(labels, call.firstEventMs / 1000);
  }
}

function registerTotals(registry: Registry, totals: CallTotals): void {
  const calls = {
    name: 'slipstream_calls_total',
    help: 'Paid calls that ran, by what they came to.',
    labelNames: [...LABELS, 'outcome'] as const,
  };
  countedElsewhere(registry, calls, () => totals.all().flatMap(outcomesIn));
  const tokens = {
    name: 'slipstream_tokens_total',
    help: 'Tokens that were charged for; "cached_input" and "cache_write" are parts of "input", "reasoning" of "output".',
    labelNames: [...LABELS, 'kind'] as const,
  };
  countedElsewhere(registry, tokens, () => totals.all().flatMap(tokensIn));
  const spend = {
    name: 'slipstream_spend_usd_total',
    help: 'What keys were charged, platform fee included.',
    labelNames: LABELS,
  };
  countedElsewhere(registry, spend, () =>
    totals.all().map(({ labels, spentAtomic }) => [labels, spentAtomic / ATOMIC_PER_USD]),
  );
}

function tokensIn({
  labels,
  usage,
}: CallTotal): readonly (readonly [TargetLabels & { readonly kind: string }, number])[] {
  const counts = {
    input: usage.inputTokens,
    cached_input: usage.cachedInputTokens,
    cache_write: usage.cacheWriteTokens,
    output: usage.outputTokens,
    reasoning: usage.reasoningTokens,
  };
  return Object.entries(counts).map(([kind, count]) => [{ ...labels, kind }, count]);
}
