import type { Registry } from 'prom-client';
import { countedElsewhere, type Described } from './counted-elsewhere.js';

/** Counts by labels, whose combinations must be bounded. */
export class Tally<Label extends string> {
  private readonly counts = new Map<string, { readonly labels: Record<Label, string>; count: number }>();

  constructor(registry: Registry, described: Described<Label>) {
    countedElsewhere(registry, described, () =>
      [...this.counts.values()].map(({ labels, count }) => [labels, count]),
    );
  }

  add(labels: Record<Label, string>, count = 1): void {
    const key = Object.values(labels).join('\0');
    const known = this.counts.get(key);
    if (known) known.count += count;
    else this.counts.set(key, { labels, count });
  }
}
