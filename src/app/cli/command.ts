/** One command of the command line, in a file of its own. */
export interface Command {
  /** The command's arguments, then an explanation; lines without a line end. */
  readonly usage: readonly [line: string, ...explanation: string[]];
  /**
   * @returns the exit status of the process
   * @throws UsageError when the words cannot be understood
   */
  readonly run: (words: readonly string[]) => Promise<number>;
}

/** The command line shows its message above the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
