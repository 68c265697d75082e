import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { compileNextChecker } from '../base/shape/checker.js';
import { LivesIn, type Worker } from '../base/work/worker.js';

/**
 * Prepares in the background what first calls need and the start does not, once the process listens. A call that comes
 * earlier does its part itself.
 */
@Injectable()
@LivesIn('intake')
export class WarmUp implements Worker {
  private readonly logger = new Logger(WarmUp.name);
  private stopped = false;
  private running = Promise.resolve();

  begin(): void {
    this.running = this.prepare().catch((failure: unknown) => {
      this.logger.error({ msg: 'what first calls need could not be prepared', err: failure });
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /** Other work gets a turn after each step. */
  private async prepare(): Promise<void> {
    do await nextTurn();
    while (!this.stopped && compileNextChecker());
  }
}
