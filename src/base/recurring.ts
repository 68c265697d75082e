/**
 * Does something again and again, one at a time: a turn that comes while the one before it is still under way is left
 * out. A failure is reported and does not end it.
 */
export class Recurring {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> | undefined;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly report: (failure: unknown) => void,
  ) {}

  start(everyMs: number): void {
    this.timer = setInterval(() => {
      this.current ??= this.work()
        .catch(this.report)
        .finally(() => (this.current = undefined));
    }, everyMs);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.current;
  }
}
