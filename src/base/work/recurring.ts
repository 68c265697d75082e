/**
 * Does something again and again, one at a time: a turn that comes while the one before it is still under way is left
 * out. A failure is reported and does not end it.
 */
export class Recurring {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> | undefined;
  private readonly stopped = new AbortController();

  constructor(
    private readonly work: (signal: AbortSignal) => Promise<unknown>,
    private readonly report: (failure: unknown) => void,
  ) {}

  start(everyMs: number): void {
    this.timer = setInterval(() => {
      this.current ??= this.work(this.stopped.signal)
        .then(() => undefined, this.report)
        .finally(() => (this.current = undefined));
    }, everyMs);
  }

  /** Aborts the signal of what is under way. Resolves when nothing is any more. */
  async stop(): Promise<void> {
    this.stopped.abort();
    clearInterval(this.timer);
    await this.current;
  }
}
