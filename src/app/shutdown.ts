import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { Drain } from '../http/health/drain.js';
import { BudgetQueue } from '../payments/budget-queue.js';
import { LeaseKeeper } from '../payments/lease-keeper.js';
import { RunningCalls } from '../payments/running-calls.js';
import { BackgroundRuns } from '../responses/background/background-runs.js';
import { LeftBehindResponses } from '../responses/left-behind.js';
import { Retention } from '../responses/retention.js';
import { RunningResponses } from '../responses/running-responses.js';
import { Sweeper } from '../payments/sweeper.js';
import { LostVideos } from '../videos/lost-videos.js';
import { VideoPoller } from '../videos/polling/video-poller.js';
import { VideoRetention } from '../videos/video-retention.js';
import { VideoSubmissions } from '../videos/video-submissions.js';
import { VideoWatches } from '../videos/watch/video-watches.js';

/** Time for cut-off calls to settle and tell their clients, after the grace. */
const LAST_WORDS_MS = 10_000;

/**
 * Ends the application without losing a call: no new work, running calls may finish within the grace or until
 * `hurry`, the rest is cut off, settled and told so; then sockets, lease and database are given back.
 */
export async function shutDown(
  app: INestApplication,
  { graceMs, hurry }: { readonly graceMs: number; readonly hurry: AbortSignal },
): Promise<void> {
  const calls = app.get(RunningCalls);
  const server = app.getHttpServer() as Server;
  // Idle connections stay: a request that is on its way through one is to be refused with words, not with a reset.
  app.get(Drain).begin();
  app.get(BudgetQueue).close();
  await app.get(BackgroundRuns).stop();

  const submissions = app.get(VideoSubmissions);
  const watches = app.get(VideoWatches);
  const idle = [calls.whenIdle(), submissions.whenIdle(), watches.whenIdle()];
  await within(graceMs, Promise.all(idle), hurry);
  calls.cutOffAll();
  submissions.cutOff();
  await watches.stop();
  await within(LAST_WORDS_MS, Promise.all([calls.whenIdle(), submissions.whenIdle()]));
  calls.abandon();
  await within(LAST_WORDS_MS, app.get(VideoPoller).stop());
  await Promise.all(
    [Sweeper, LeftBehindResponses, RunningResponses, Retention, LostVideos, VideoRetention].map((recurring) =>
      app.get(recurring).stop(),
    ),
  );
  await app.get(LeaseKeeper).stop();

  const closed = app.close();
  await within(LAST_WORDS_MS / 2, closed);
  server.closeAllConnections();
  // A database that went silent never says goodbye; everything is settled, so nothing is lost by not waiting for it.
  await within(LAST_WORDS_MS / 2, closed);
}

/** Resolves when `done` does, when the time is over, or when `hurry` is aborted, whichever comes first. */
async function within(ms: number, done: Promise<unknown>, hurry?: AbortSignal): Promise<void> {
  const timer = new AbortController();
  const signal = hurry ? AbortSignal.any([timer.signal, hurry]) : timer.signal;
  const timeout = delay(ms, undefined, { signal }).catch(() => undefined);
  await Promise.race([done, timeout]);
  timer.abort();
}
