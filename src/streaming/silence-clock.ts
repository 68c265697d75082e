/**
 * Calls `onSilence` after each `quietMs` without a `touch`. It uses one timer at any rate of touches: when the timer
 * fires, it looks at the time of the last touch and sleeps for the rest.
 */
export class SilenceClock {
  private timer: NodeJS.Timeout | undefined;
  private lastTouchMs = 0;

  constructor(
    private readonly quietMs: number,
    private readonly onSilence: () => void,
  ) {}

  start(): void {
    this.touch();
    this.sleep(this.quietMs);
  }

  touch(): void {
    this.lastTouchMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private sleep(ms: number): void {
    this.timer = setTimeout(() => {
      const leftMs = this.quietMs - (performance.now() - this.lastTouchMs);
      if (leftMs >= 1) return this.sleep(leftMs);
      this.touch();
      this.sleep(this.quietMs);
      this.onSilence();
    }, ms);
  }
}
