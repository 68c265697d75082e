/** One sleeper that can be woken; woken while it is awake, it does not fall asleep the next time. */
export class Wake {
  private isDue = false;
  private end: (() => void) | undefined;

  now(): void {
    this.isDue = true;
    this.end?.();
  }

  /** Resolves when the time is over or somebody has called `now`. */
  within(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.isDue = false;
        this.end = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.end = end;
      if (this.isDue) end();
    });
  }
}
