/**
 * Repeats work, one run at a time: a turn that comes during a run is skipped. A failure is reported and does not end
 * the repetition.
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

  /** Aborts the signal of the current run. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopped.abort();
    clearInterval(this.timer);
    await this.current;
  }
}
