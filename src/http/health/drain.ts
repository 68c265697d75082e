import { Injectable } from '@nestjs/common';
import { LivesIn, type Worker } from '../../base/work/worker.js';

/** Whether the process is on its way out: it takes no new work, and running calls may finish. */
@Injectable()
@LivesIn('intake')
export class Drain implements Worker {
  draining = false;

  /** Begins it. */
  stop(): void {
    this.draining = true;
  }
}
