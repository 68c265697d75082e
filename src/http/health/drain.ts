import { Injectable } from '@nestjs/common';
import { LivesIn, type Worker } from '../../base/work/worker.js';

/** Whether the process is on its way out: it takes no new work, and running calls may finish. */
@Injectable()
@LivesIn('intake')
export class Drain implements Worker {
  private readonly begun = new AbortController();

  get draining(): boolean {
    return this.begun.signal.aborted;
  }

  /** Aborted when it begins. */
  get signal(): AbortSignal {
    return this.begun.signal;
  }

  /** Begins it. */
  stop(): void {
    this.begun.abort();
  }
}
