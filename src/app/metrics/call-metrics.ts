import { Counter, Histogram, type Registry } from 'prom-client';
import type { AttemptEnded, CallEnded, Moment } from '../../base/moments/moment.js';
import type { Usage } from '../../base/money/usage.js';
import { CallTotals } from './call-totals.js';
import { Tally } from './tally.js';

const LABELS = ['model', 'provider'] as const;
const ATOMIC_PER_USD = 1_000_000;
/** Bounds in seconds, from a cached word to a long reasoning. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Bound on model names, because clients may choose the names of models that are passed through. */
const MOST_MODELS = 1_000;
const OTHERS = 'others';

/**
 * Metrics of paid calls for text and embeddings. Their model label is the catalog entry, which the operator names: names that clients
 * choose would be unbounded.
 */
export class CallMetrics {
  private readonly totals = new CallTotals();
  private readonly attempts: Tally<'provider' | 'model' | 'outcome'>;
  private readonly input: Tally<'provider' | 'model'>;
  private readonly cachedInput: Tally<'provider' | 'model'>;
  private readonly refusals: Tally<'model' | 'code'>;
  private readonly duration: Histogram<'model' | 'provider'>;
  private readonly firstWord: Histogram<'model' | 'provider'>;
  /** Model labels of attempts. */
  private readonly models = new Set<string>();

  constructor(registry: Registry) {
    registerTotals(registry, this.totals);
    this.attempts = new Tally(registry, {
      name: 'slipstream_upstream_attempts_total',
      help: 'Attempts at providers for text and embeddings: "answered", or the error code that they ended with.',
      labelNames: ['provider', 'model', 'outcome'],
    });
    this.input = new Tally(registry, {
      name: 'slipstream_upstream_input_tokens_total',
      help: 'Input tokens as targets for text have counted them.',
      labelNames: ['provider', 'model'],
    });
    this.cachedInput = new Tally(registry, {
      name: 'slipstream_upstream_cached_input_tokens_total',
      help: 'The part of slipstream_upstream_input_tokens_total that targets read from their prompt caches.',
      labelNames: ['provider', 'model'],
    });
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
        return this.attempted(moment);
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

  private attempted({ provider, upstreamModel, outcome, input }: AttemptEnded): void {
    if (outcome === 'abandoned' && !input) return;
    const target = { provider, model: this.boundedName(upstreamModel) };
    if (outcome !== 'abandoned') this.attempts.add({ ...target, outcome });
    if (!input) return;
    this.input.add(target, input.inputTokens);
    this.cachedInput.add(target, input.cachedInputTokens);
  }

  private boundedName(model: string): string {
    if (this.models.size >= MOST_MODELS && !this.models.has(model)) return OTHERS;
    this.models.add(model);
    return model;
  }
}

function registerTotals(registry: Registry, totals: CallTotals): void {
  const registers = [registry];
  new Counter({
    name: 'slipstream_calls_total',
    help: 'Paid calls that ran, by what they came to.',
    labelNames: [...LABELS, 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { labels, outcomes } of totals.all())
        for (const [outcome, count] of outcomes) this.inc({ ...labels, outcome }, count);
    },
  });
  new Counter({
    name: 'slipstream_tokens_total',
    help: 'Tokens that were charged for; "cached_input" and "cache_write" are parts of "input", "reasoning" of "output".',
    labelNames: [...LABELS, 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { labels, usage } of totals.all())
        for (const [kind, count] of kindsOf(usage)) this.inc({ ...labels, kind }, count);
    },
  });
  new Counter({
    name: 'slipstream_spend_usd_total',
    help: 'What keys were charged, platform fee included.',
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      for (const { labels, spentAtomic } of totals.all()) this.inc(labels, spentAtomic / ATOMIC_PER_USD);
    },
  });
}

function kindsOf(usage: Usage): readonly (readonly [string, number])[] {
  return [
    ['input', usage.inputTokens],
    ['cached_input', usage.cachedInputTokens],
    ['cache_write', usage.cacheWriteTokens],
    ['output', usage.outputTokens],
    ['reasoning', usage.reasoningTokens],
  ];
}
