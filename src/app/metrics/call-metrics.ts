import { Counter, Histogram, type Registry } from 'prom-client';
import type { CallReports } from '../../payments/call-reports.js';
import type { Usage } from '../../money/usage.js';
import type { AttemptCounts } from '../../providers/attempt-counts.js';
import { CallTotals } from './call-totals.js';

const LABELS = ['model', 'provider'] as const;
const ATOMIC_PER_USD = 1_000_000;
/** From a cached word to a long reasoning. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/**
 * Registers what there is to know of paid calls for text. Models are labelled with their catalog entries, which are the
 * operator's: names that clients choose would be labels without end.
 */
export function registerCallMetrics(registry: Registry, reports: CallReports, attempts: AttemptCounts): void {
  const totals = new CallTotals();
  registerTotals(registry, totals);
  registerAttempts(registry, attempts);
  const registers = [registry];
  const refusals = new Counter({
    name: 'slipstream_call_refusals_total',
    help: 'Calls that the books refused before they ran, by error code.',
    labelNames: ['model', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'slipstream_call_duration_seconds',
    help: 'From the request for a hold to the end of the money.',
    labelNames: LABELS,
    buckets: SECONDS,
    registers,
  });
  const firstWord = new Histogram({
    name: 'slipstream_call_first_word_seconds',
    help: "Until the model's first word reached the gateway; of a whole answer, all of it.",
    labelNames: LABELS,
    buckets: SECONDS,
    registers,
  });

  reports.ended.subscribe((report) => {
    const { entryId: model, outcome, errorCode, firstWordMs } = report;
    if (outcome === 'refused') {
      refusals.inc({ model, code: errorCode ?? '' });
      return;
    }
    const { labels } = totals.add(report);
    duration.observe(labels, report.durationMs / 1000);
    if (firstWordMs !== undefined) firstWord.observe(labels, firstWordMs / 1000);
  });
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

function registerAttempts(registry: Registry, attempts: AttemptCounts): void {
  new Counter({
    name: 'slipstream_upstream_attempts_total',
    help: 'Attempts at providers for text: "answered", or the error code that they ended with.',
    labelNames: ['provider', 'model', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { provider, model, outcome, count } of attempts.all())
        this.inc({ provider, model, outcome }, count);
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
