import type { Demand } from '../../streaming/demand.js';

/** A demand that can be held: its source reads no further meanwhile. */
export class HeldDemand implements Demand {
  private held: Promise<void> | undefined;

  constructor(private readonly demand: Demand) {}

  /** @param until never rejects */
  hold(until: Promise<void>): void {
    this.held = until.finally(() => (this.held = undefined));
  }

  ready(): Promise<void> | undefined {
    return this.held ?? this.demand.ready();
  }
}
