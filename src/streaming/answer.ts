import { type ServerResponse } from 'node:http';
import { defer, type Observable, Subject, takeUntil } from 'rxjs';
import { isClientGone, onceClosed } from './client-gone.js';
import { type Demand } from './demand.js';

/**
 * The life of one answer: one subscription, one end. It resolves when the answer was sent or the client left or was
 * dropped; it rejects when it failed before anything was written. The end unsubscribes and disposes of everything.
 */
export abstract class Answer<Item> {
  private readonly ended = new Subject<void>();
  private isOver = false;
  private sourceEnded = false;
  private settle: { resolve: () => void; reject: (reason: unknown) => void } | undefined;
  private stopListening: () => void = () => undefined;

  protected constructor(protected readonly response: ServerResponse) {}

  run(open: (demand: Demand) => Observable<Item>): Promise<void> {
    if (isClientGone(this.response)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.stopListening = onceClosed(this.response, () => this.finish());
      this.begin();
      // Not the Subscription, which does not exist yet when a source ends, or is ended, during subscription.
      defer(() => open(this.demand))
        .pipe(takeUntil(this.ended))
        .subscribe({
          next: (item) => this.attempt(() => this.onItem(item)),
          error: (thrown: unknown) => this.fail(thrown),
          complete: () => this.attempt(() => this.onComplete()),
        });
    });
  }

  protected abstract readonly demand: Demand;
  protected abstract begin(): void;
  protected abstract onItem(item: Item): void;
  protected abstract onFailure(thrown: unknown): void;
  protected abstract onComplete(): void;
  protected abstract dispose(): void;

  /** Ends the answer: nothing more can be done. */
  protected finish(): void {
    if (this.close()) this.settle?.resolve();
  }

  /** Nothing was written, so the caller must show the failure. */
  protected refuse(thrown: unknown): void {
    if (this.close()) this.settle?.reject(thrown);
  }

  /** Ends as if the client had left. */
  protected drop(): void {
    this.finish();
    this.response.destroy();
  }

  private close(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.stopListening();
    this.dispose();
    this.endSource();
    return true;
  }

  /** A presenter that throws must fail only its own answer; an error thrown into RxJS would end the process. */
  protected attempt(step: () => void): void {
    if (this.sourceEnded) return;
    try {
      step();
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  private fail(thrown: unknown): void {
    if (this.sourceEnded) return;
    this.endSource();
    try {
      this.onFailure(thrown);
    } catch (second) {
      if (this.response.headersSent) this.drop();
      else this.refuse(second);
    }
  }

  private endSource(): void {
    this.sourceEnded = true;
    this.ended.next();
  }
}
