import { Injectable } from '@nestjs/common';
import { Recurs } from '../base/work/worker.js';
import { ResponseStore } from './response-store.js';

/** Longest time until a cancel through another replica arrives. */
const CANCEL_POLL_MS = 250;

/** The stored responses that this process runs, each with the way to end it. */
@Injectable()
export class RunningResponses {
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly store: ResponseStore) {}

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

  /** No effect when another process runs it: that process polls. */
  cancel(responseId: string): void {
    this.running.get(responseId)?.abort();
  }

  /** Cancels through other replicas arrive through the database. */
  @Recurs({ name: 'the look for cancelled responses', every: CANCEL_POLL_MS, phase: 'upkeep' })
  async cancelRequested(): Promise<void> {
    if (this.running.size === 0) return;
    for (const id of await this.store.cancelRequested([...this.running.keys()])) this.cancel(id);
  }
}
