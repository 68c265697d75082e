import { setTimeout as delay } from 'node:timers/promises';
import type { Subscriber } from 'rxjs';
import { AnsweredWithError, ledgerUnavailable } from './charge-failures.js';
import { UnwritableError } from './ledger.js';
import type { RunningCalls } from './running-calls.js';

/** How long the end of a call is tried again while the ledger fails. A failure that lasts longer is not an outage. */
const KEEP_TRYING_MS = 3_600_000;

interface Waiting {
  readonly calls: Pick<RunningCalls, 'abandoned'>;
  readonly subscriber: Subscriber<unknown>;
  /** When the client is told, milliseconds. */
  readonly retryMs: number;
  /** Whether to give up when the client has been told. */
  readonly untilTold: boolean;
}

/**
 * Tries again while the ledger fails; every attempt has the same ids. The client is told after `retryMs`, but the
 * call stays among the running calls until the books have its end. Otherwise its hold would be taken for an orphan
 * and released, and what the call used would cost nothing.
 *
 * @throws AnsweredWithError instead of going on, if `untilTold` is set and a client was there to be told
 * @throws UnwritableError at once
 */
export async function keepWriting<Result>(
  attempt: () => Promise<Result>,
  { calls, subscriber, retryMs, untilTold }: Waiting,
): Promise<Result> {
  const startedAt = Date.now();
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1000)) {
    try {
      return await attempt();
    } catch (failure) {
      if (failure instanceof UnwritableError) throw failure;
      const nextMs = Date.now() + waitMs - startedAt;
      if (nextMs > KEEP_TRYING_MS || calls.abandoned) throw failure;
      if (nextMs > retryMs && !subscriber.closed) {
        subscriber.error(ledgerUnavailable(failure));
        if (untilTold) throw new AnsweredWithError();
      }
      await delay(waitMs);
    }
  }
}
