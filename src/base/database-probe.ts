/** Whether the database answers. */
export abstract class DatabaseProbe {
  /** Resolves when a trivial statement was answered. */
  abstract ping(): Promise<void>;
}
