/** A sleep that can be ended early. If it is woken while nothing sleeps, the next sleep ends at once. */
export class Wake {
  private isDue = false;
  private end: (() => void) | undefined;

  now(): void {
    this.isDue = true;
    this.end?.();
  }

  /** Resolves when the time is over or `now` is called. */
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
