/** Removes content that has not been used for long, in small batches. Each method returns how many rows it removed. */
export abstract class RetentionStore {
  /** Responses last used before the time, unless a response that continues them is kept. */
  abstract purgeResponses(before: Date, limit: number): Promise<number>;
  /** Conversations last used before the time. */
  abstract purgeConversations(before: Date, limit: number): Promise<number>;
  /** Logs of background streams that began before the time and have ended. */
  abstract purgeLogs(before: Date, limit: number): Promise<number>;
}
