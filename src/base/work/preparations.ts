const steps = new Set<() => Promise<void>>();

/** Call it at program start, with what blocks for long and is to be done before the process listens. */
export function prepareAtStart(step: () => Promise<void>): void {
  steps.add(step);
}

export function preparations(): Iterable<() => Promise<void>> {
  return steps;
}
