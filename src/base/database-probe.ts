/** Whether the database answers. */
export abstract class DatabaseProbe {
  /** Resolves when the database has answered a trivial statement. */
  abstract ping(): Promise<void>;
}
