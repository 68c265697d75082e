/** One word of the command line, in a file of its own. */
export interface Command {
  /** What follows the word, and what it does; lines without a line end. */
  readonly usage: readonly [line: string, ...explanation: string[]];
  /**
   * @returns the status that the process ends with
   * @throws UsageError when the words cannot be understood
   */
  readonly run: (words: readonly string[]) => Promise<number>;
}

/** Its message is shown above how the command is used. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
