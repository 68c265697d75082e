import { type Histogram, type Registry } from 'prom-client';

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** Counts observations with the same labels by upper bound, and sums them. */
export class Observations {
  /** The last count is for values above all bounds. */
  private readonly counts: number[];
  private sum = 0;

  /** @param bounds ascending */
  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const within = this.bounds.findIndex((bound) => value <= bound);
    const index = within === -1 ? this.bounds.length : within;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }

  /** Values as Prometheus defines them: each bucket includes those before it. */
  values(name: string, labels: Readonly<Record<string, string>>): readonly Value[] {
    let count = 0;
    const buckets = this.counts.map((own, index) => {
      count += own;
      const le = this.bounds[index] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

/** A histogram with sums of its own, because prom-client's looks its labels up for every observation. */
export function registerHistogram(
  registry: Registry,
  name: string,
  help: string,
  read: () => Iterable<readonly [labels: Readonly<Record<string, string>>, Observations]>,
): void {
  const get = () => {
    const values = [...read()].flatMap(([labels, observations]) => observations.values(name, labels));
    return Promise.resolve({ name, help, type: 'histogram', values });
  };
  // A registry needs only these fields of a metric, although its types allow only prom-client's classes.
  registry.registerMetric({ name, get } as unknown as Histogram);
}
