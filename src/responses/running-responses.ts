import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Recurring } from '../base/recurring.js';
import { CANCEL_POLL_MS } from './settings.js';
import { ResponseStore } from './response-store.js';

/** The stored responses that this process runs, each with the way to end it. */
@Injectable()
export class RunningResponses implements OnModuleInit {
  private readonly logger = new Logger(RunningResponses.name);
  private readonly running = new Map<string, AbortController>();
  private readonly polls = new Recurring(
    () => this.poll(),
    (failure) =>
      this.logger.warn({ msg: 'whether responses are to be cancelled is not known', err: failure }),
  );

  constructor(
    private readonly store: ResponseStore,
    @Inject(CANCEL_POLL_MS) private readonly pollMs: number,
  ) {}

  onModuleInit(): void {
    this.polls.start(this.pollMs);
  }

  stop(): Promise<void> {
    return this.polls.stop();
  }

  /** @returns the signal that is aborted when the run is to end. */
  add(responseId: string): AbortSignal {
    const controller = new AbortController();
    this.running.set(responseId, controller);
    return controller.signal;
  }

  has(responseId: string): boolean {
    return this.running.has(responseId);
  }

  remove(responseId: string): void {
    this.running.delete(responseId);
  }

  /** Without effect when another process runs it: that one polls. */
  cancel(responseId: string): void {
    this.running.get(responseId)?.abort();
  }

  /** Cancels through other replicas arrive by way of the database. */
  private async poll(): Promise<void> {
    if (this.running.size === 0) return;
    for (const id of await this.store.cancelRequested([...this.running.keys()])) this.cancel(id);
  }
}
