import { Injectable } from '@nestjs/common';

/** Whether the process is on its way out: it takes no new work, and running calls may finish. */
@Injectable()
export class Drain {
  private readonly begun = new AbortController();

  get draining(): boolean {
    return this.begun.signal.aborted;
  }

  /** Aborted when it begins. */
  get signal(): AbortSignal {
    return this.begun.signal;
  }

  begin(): void {
    this.begun.abort();
  }
}
