import { Observable } from 'rxjs';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { VideoJob, VideoProgress } from '../domain/video-job.js';
import { isTerminal } from '../domain/video-status.js';
import type { WatchSettings } from './watch-query.js';

export type Watched = { readonly video: VideoJob } | { readonly receipt: Receipt };

/**
 * A cold Observable. Emits the known state, then the newest one at every interval. Emits the final state at once, with
 * its receipt. Errors with `upstream_timeout` after `timeoutMs`; the job goes on.
 */
export function watchStream(
  known: VideoJob,
  { pollIntervalMs, timeoutMs }: WatchSettings,
  follow: Observable<VideoProgress>,
): Observable<Watched> {
  return new Observable((subscriber) => {
    let newest = known;
    const show = (): void => {
      subscriber.next({ video: newest });
      if (!isTerminal(newest.status)) return;
      if (newest.receipt) subscriber.next({ receipt: newest.receipt });
      subscriber.complete();
    };
    const interval = setInterval(show, pollIntervalMs);
    const timeout = setTimeout(() => subscriber.error(timedOut(timeoutMs)), timeoutMs);
    subscriber.add(() => {
      clearInterval(interval);
      clearTimeout(timeout);
    });
    show();
    if (subscriber.closed) return;
    subscriber.add(
      follow.subscribe({
        next: (seen) => {
          newest = { ...known, ...seen };
          if (isTerminal(seen.status)) show();
        },
        error: (failure: unknown) => subscriber.error(failure),
      }),
    );
  });
}

function timedOut(timeoutMs: number): GatewayError {
  return new GatewayError(
    'upstream_timeout',
    `The video has not ended within ${timeoutMs} ms. It goes on, and can be watched again.`,
  );
}
