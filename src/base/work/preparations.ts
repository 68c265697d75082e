const steps = new Set<() => Promise<void>>();

/** Call it at program start, with what first calls need and a start does not wait for. `WarmUp` runs it. */
export function prepareLater(step: () => Promise<void>): void {
  steps.add(step);
}

export function preparations(): Iterable<() => Promise<void>> {
  return steps;
}
