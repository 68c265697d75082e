/** A worker that ended within this time of its first service ended at once. */
const AT_ONCE_MS = 1_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** With the pauses between them, these take a minute: as long as a database may take to come back. */
const MOST_IN_A_ROW = 8;

export interface SuccessionBounds {
  readonly firstPauseMs: number;
  /** Workers in a row that ended at once. */
  readonly mostInARow: number;
}

/** When the successor of a worker is to be started. Those that end at once, again and again, get ever longer pauses, then none. */
export class Succession {
  private inARow = 0;

  constructor(
    private readonly bounds: SuccessionBounds = { firstPauseMs: FIRST_PAUSE_MS, mostInARow: MOST_IN_A_ROW },
  ) {}

  /**
   * @param servedMs how long the worker served before it ended; undefined if it never did
   * @returns milliseconds until its successor is to be started; undefined: there shall be none
   */
  after(servedMs: number | undefined): number | undefined {
    if (servedMs !== undefined && servedMs >= AT_ONCE_MS) {
      this.inARow = 0;
      return 0;
    }
    this.inARow += 1;
    if (this.inARow >= this.bounds.mostInARow) return undefined;
    return Math.min(this.bounds.firstPauseMs * 2 ** (this.inARow - 1), LONGEST_PAUSE_MS);
  }
}
