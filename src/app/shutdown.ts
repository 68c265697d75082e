import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { PHASES } from '../base/work/worker.js';
import { Workers } from './workers.js';

/** Time for cut-off calls to settle and tell their clients, after the grace; and for each phase to stop. */
const LAST_WORDS_MS = 10_000;

/**
 * Ends the application without losing a call: no new work, running calls may finish within the grace or until
 * `hurry`, the rest is cut off, settled and told so; then sockets, lease and database are given back.
 */
export async function shutDown(
  app: INestApplication,
  { graceMs, hurry }: { readonly graceMs: number; readonly hurry: AbortSignal },
): Promise<void> {
  const workers = app.get(Workers);
  const server = app.getHttpServer() as Server;
  const [intake, ...others] = PHASES;
  // Idle connections stay: a request that is on its way through one is to be refused with words, not with a reset.
  await within(LAST_WORDS_MS, workers.stop(intake));
  await within(graceMs, workers.whenIdle(), hurry);
  workers.cutOff();
  await within(LAST_WORDS_MS, workers.whenIdle());
  for (const phase of others) await within(LAST_WORDS_MS, workers.stop(phase));

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
