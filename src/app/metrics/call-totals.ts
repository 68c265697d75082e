import type { CallEnded } from '../../base/moments/moment.js';
import { addUsage, NO_USAGE, type Usage } from '../../base/money/usage.js';

export interface CallTotal {
  readonly labels: { readonly model: string; readonly provider: string };
  readonly outcomes: Map<CallEnded['outcome'], number>;
  /** Usage that was charged. */
  usage: Usage;
  /** Atomic USDC. */
  spentAtomic: number;
}

/**
 * Totals of all calls of a model at a provider, handed to prom-client when it reads them: its counters with labels cost
 * a call more than the work that they count. Bounded by the catalog.
 */
export class CallTotals {
  private readonly totals = new Map<string, CallTotal>();

  /** @returns the total that the call was added to */
  add({ entryId, provider, outcome, usage, costAtomic }: CallEnded): CallTotal {
    const total = this.totalOf(entryId, provider);
    total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + 1);
    if (usage) total.usage = addUsage(total.usage, usage);
    if (costAtomic !== undefined) total.spentAtomic += Number(costAtomic);
    return total;
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
      usage: NO_USAGE,
      spentAtomic: 0,
    };
    this.totals.set(name, total);
    return total;
  }
}
