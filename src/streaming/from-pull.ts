import { Observable, type Subscriber } from 'rxjs';
import type { Demand } from './demand.js';

/**
 * A cold Observable over a source that is read batch by batch. Subscribing starts the reading, and each batch is
 * emitted synchronously. Before the next read, the pump awaits `demand.ready()` only if it is a promise. Unsubscribing
 * aborts the signal at once. The iterator is returned when its pending read has ended, so a source must end a read when
 * the signal aborts.
 */
export function fromPull<T>(
  open: (signal: AbortSignal) => AsyncIterable<readonly T[]>,
  demand: Demand,
): Observable<T> {
  return new Observable<T>((subscriber) => {
    const controller = new AbortController();
    const pumping = { ended: false };
    subscriber.add(() => {
      if (!pumping.ended) controller.abort();
    });
    pump(open, demand, subscriber, controller.signal).then(
      () => {
        pumping.ended = true;
        subscriber.complete();
      },
      (failure: unknown) => {
        pumping.ended = true;
        subscriber.error(failure);
      },
    );
  });
}

async function pump<T>(
  open: (signal: AbortSignal) => AsyncIterable<readonly T[]>,
  demand: Demand,
  subscriber: Subscriber<T>,
  signal: AbortSignal,
): Promise<void> {
  for await (const batch of open(signal)) {
    for (const item of batch) {
      if (subscriber.closed) return;
      subscriber.next(item);
    }
    const ready = subscriber.closed ? undefined : demand.ready();
    if (ready) await untilAborted(ready, signal);
    if (signal.aborted) return;
  }
}

/** A consumer that has left may never become ready, so its leaving ends the wait, too. */
function untilAborted(ready: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    void ready.then(done);
    if (signal.aborted) done();
  });
}
