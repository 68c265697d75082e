// @ts-check

/** Counts failures, and keeps the first one in words. */
export class Failures {
  count = 0;
  first = '';
  /** @param {unknown} reason */
  add(reason) {
    this.count += 1;
    if (this.first === '')
      this.first = String(reason instanceof Error ? reason.message : reason).slice(0, 300);
  }
}
