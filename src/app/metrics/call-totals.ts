import type { CallReport } from '../../payments/call-reports.js';
import { addUsage, NO_USAGE, type Usage } from '../../money/usage.js';

export interface CallTotal {
  readonly labels: { readonly model: string; readonly provider: string };
  readonly outcomes: Map<CallReport['outcome'], number>;
  /** That was charged for. */
  usage: Usage;
  /** Atomic USDC. */
  spentAtomic: number;
}

/**
 * What all calls of a model at a provider came to: summed up here and handed to the counters when they are read, since a
 * counter with labels costs a call more than what it counts. Bounded by the catalog.
 */
export class CallTotals {
  private readonly totals = new Map<string, CallTotal>();

  /** @returns the sum with this one in it */
  add({ entryId, provider, outcome, measurement, receipt }: CallReport): CallTotal {
    const total = this.totalOf(entryId, provider);
    total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + 1);
    if (measurement) total.usage = addUsage(total.usage, measurement.usage);
    if (receipt) total.spentAtomic += Number(receipt.finalAmountWei);
    return total;
  }

  all(): Iterable<CallTotal> {
    return this.totals.values();
  }

  private totalOf(model: string, provider: string): CallTotal {
    const name = `${model}\n${provider}`;
    const known = this.totals.get(name);
    if (known) return known;
    const total: CallTotal = {
      labels: { model, provider },
      outcomes: new Map(),
      usage: NO_USAGE,
      spentAtomic: 0,
    };
    this.totals.set(name, total);
    return total;
  }
}
