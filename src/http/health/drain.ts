import { Injectable } from '@nestjs/common';
import { LivesIn, type Worker } from '../../base/work/worker.js';

/** Whether the process is shutting down: it takes no new work, and running calls may finish. */
@Injectable()
@LivesIn('intake')
export class Drain implements Worker {
  draining = false;

  /** Begins to drain. */
  stop(): void {
    this.draining = true;
  }
}
