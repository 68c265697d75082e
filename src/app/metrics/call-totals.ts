import type { CallEnded } from '../../base/moments/moment.js';
import { addUsage, NO_USAGE, type Usage } from '../../base/money/usage.js';
import { PerTarget, type TargetLabels } from './per-target.js';

export interface CallTotal {
  readonly labels: TargetLabels;
  readonly outcomes: Map<CallEnded['outcome'], number>;
  /** Usage that was charged. */
  usage: Usage;
  /** Atomic USDC. */
  spentAtomic: number;
}

/** Totals of all calls of a model at a provider. Bounded by the catalog. */
export class CallTotals {
  private readonly totals = new PerTarget<CallTotal>((labels) => ({
    labels,
    outcomes: new Map(),
    usage: NO_USAGE,
    spentAtomic: 0,
  }));

  /** @returns the total that the call was added to */
  add({ entryId, provider, outcome, usage, costAtomic }: CallEnded): CallTotal {
    const total = this.totals.of(provider, entryId);
    total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + 1);
    if (usage) total.usage = addUsage(total.usage, usage);
    if (costAtomic !== undefined) total.spentAtomic += Number(costAtomic);
    return total;
  }

  all(): readonly CallTotal[] {
    return this.totals.all();
  }
}
