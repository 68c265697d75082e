import { Counter, type Registry } from 'prom-client';

interface Described<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
}

/**
 * Counts by labels, whose combinations must be bounded. They are handed to the counter when it is read, since a counter
 * with labels costs a call more than the work that it counts.
 */
export class Tally<Label extends string> {
  private readonly counts = new Map<string, { readonly labels: Record<Label, string>; count: number }>();

  constructor(registry: Registry, described: Described<Label>) {
    const { counts } = this;
    new Counter({
      ...described,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, count } of counts.values()) this.inc(labels, count);
      },
    });
  }

  add(labels: Record<Label, string>, count = 1): void {
    const key = Object.values(labels).join('\0');
    const known = this.counts.get(key);
    if (known) known.count += count;
    else this.counts.set(key, { labels, count });
  }
}
