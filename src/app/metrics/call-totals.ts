import type { CallEnded } from '../../base/moments/moment.js';
import { addUsage, NO_USAGE, type Usage } from '../../base/money/usage.js';
import { Observations } from './histogram.js';

/** Bounds from a cached word to a long reasoning. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export interface CallTotal {
  readonly labels: { readonly model: string; readonly provider: string };
  readonly outcomes: Map<CallEnded['outcome'], number>;
  /** Durations of calls, seconds. */
  readonly durations: Observations;
  /** Seconds until the first event, for calls that had one. */
  readonly firstEvents: Observations;
  /** Usage that was charged. */
  usage: Usage;
  /** Atomic USDC. */
  spentAtomic: number;
}

/**
 * Totals of all calls of a model at a provider, handed to prom-client when it reads them: its metrics with labels cost
 * a call more than the work that they measure. Bounded by the catalog.
 */
export class CallTotals {
  private readonly totals = new Map<string, CallTotal>();

  add({ entryId, provider, outcome, usage, costAtomic, durationMs, firstEventMs }: CallEnded): void {
    const total = this.totalOf(entryId, provider);
    total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + 1);
    total.durations.observe(durationMs / 1000);
    if (firstEventMs !== undefined) total.firstEvents.observe(firstEventMs / 1000);
    if (usage) total.usage = addUsage(total.usage, usage);
    if (costAtomic !== undefined) total.spentAtomic += Number(costAtomic);
  }

  all(): readonly CallTotal[] {
    return [...this.totals.values()];
  }

  private totalOf(model: string, provider: string): CallTotal {
    const name = `${model}\n${provider}`;
    const known = this.totals.get(name);
    if (known) return known;
    const total: CallTotal = {
      labels: { model, provider },
      outcomes: new Map(),
      durations: new Observations(SECONDS),
      firstEvents: new Observations(SECONDS),
      usage: NO_USAGE,
      spentAtomic: 0,
    };
    this.totals.set(name, total);
    return total;
  }
}
