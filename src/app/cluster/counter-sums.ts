/** A metric as prom-client hands it out. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** How the values of several processes become one: `sum`, `first`, … */
  readonly aggregator: string;
  readonly values: readonly MetricValue[];
}

interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** Of the parts of a histogram. */
  readonly metricName?: string;
}

const COUNTING = new Set(['counter', 'histogram']);

/** Sums of counters and histograms, by name and labels. What is not a count is ignored. */
export class CounterSums {
  private readonly metrics = new Map<string, Omit<MetricJson, 'values'>>();
  private readonly values = new Map<string, Map<string, MetricValue>>();

  add(metrics: readonly MetricJson[]): void {
    for (const { values, ...metric } of metrics) {
      if (!COUNTING.has(metric.type)) continue;
      this.metrics.set(metric.name, metric);
      const sums = this.values.get(metric.name) ?? new Map<string, MetricValue>();
      this.values.set(metric.name, sums);
      for (const value of values) {
        const key = `${value.metricName ?? ''}${JSON.stringify(Object.entries(value.labels).sort())}`;
        sums.set(key, { ...value, value: value.value + (sums.get(key)?.value ?? 0) });
      }
    }
  }

  toJson(): readonly MetricJson[] {
    return [...this.metrics.values()].map((metric) => ({
      ...metric,
      values: [...(this.values.get(metric.name)?.values() ?? [])],
    }));
  }
}
