import { Counter, type Registry } from 'prom-client';

export interface Described<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
}

type Labels<Label extends string> = Readonly<Partial<Record<Label, string>>>;

/**
 * A counter that gets its counts when it is read, since a counter with labels costs a call more than the work that it
 * counts.
 */
export function countedElsewhere<Label extends string>(
  registry: Registry,
  described: Described<Label>,
  counts: () => Iterable<readonly [labels: Labels<Label>, count: number]>,
): void {
  new Counter<Label>({
    ...described,
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, count] of counts()) this.inc(labels, count);
    },
  });
}
