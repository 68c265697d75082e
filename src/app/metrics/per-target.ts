/** The model label and the provider label of a metric. */
export interface TargetLabels {
  readonly model: string;
  readonly provider: string;
}

/** One total for each model at each provider: as many as there are labels, which must be bounded. */
export class PerTarget<Total> {
  private readonly providers = new Map<string, Map<string, Total>>();

  constructor(private readonly begin: (labels: TargetLabels) => Total) {}

  of(provider: string, model: string): Total {
    const models = this.modelsOf(provider);
    const known = models.get(model);
    if (known) return known;
    const total = this.begin({ model, provider });
    models.set(model, total);
    return total;
  }

  all(): readonly Total[] {
    return [...this.providers.values()].flatMap((models) => [...models.values()]);
  }

  private modelsOf(provider: string): Map<string, Total> {
    const known = this.providers.get(provider);
    if (known) return known;
    const models = new Map<string, Total>();
    this.providers.set(provider, models);
    return models;
  }
}

/** A count for each outcome that the total has. */
export function outcomesIn<Outcome extends string>({
  labels,
  outcomes,
}: {
  readonly labels: TargetLabels;
  readonly outcomes: ReadonlyMap<Outcome, number>;
}): readonly (readonly [labels: TargetLabels & { readonly outcome: Outcome }, count: number])[] {
  return [...outcomes].map(([outcome, count]) => [{ ...labels, outcome }, count]);
}
