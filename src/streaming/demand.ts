/** The subscriber's side of backpressure: a pull source waits for `ready()` before each read. */
export interface Demand {
  /** Undefined while the consumer keeps up, else resolves when it has caught up. Never rejects. */
  ready(): Promise<void> | undefined;
}

/** A consumer that always keeps up, such as a whole answer that is collected in memory. */
export const UNLIMITED_DEMAND: Demand = { ready: () => undefined };
