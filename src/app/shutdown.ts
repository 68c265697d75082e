import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { PHASES } from '../base/work/worker.js';
import { Workers } from './workers.js';

/** Time after the grace for cut-off calls to settle and tell their clients; also the time for each phase to stop. */
const LAST_WORDS_MS = 10_000;

/**
 * Ends the application without losing a call: it refuses new work, lets running calls finish within the grace or until
 * `hurry`, then cuts off the rest, settles them and tells their clients. Last, it releases sockets, lease and database.
 */
export async function shutDown(
  app: INestApplication,
  { graceMs, hurry }: { readonly graceMs: number; readonly hurry: AbortSignal },
): Promise<void> {
  const workers = app.get(Workers);
  const server = app.getHttpServer() as Server;
  const [intake, ...others] = PHASES;
  // Idle connections stay open, so that a request on its way gets a refusal and not a reset.
  await within(LAST_WORDS_MS, workers.stop(intake));
  await within(graceMs, workers.whenIdle(), hurry);
  workers.cutOff();
  await within(LAST_WORDS_MS, workers.whenIdle());
  for (const phase of others) await within(LAST_WORDS_MS, workers.stop(phase));

  const closed = app.close();
  await within(LAST_WORDS_MS / 2, closed);
  server.closeAllConnections();
  // A silent database never closes its connections. Everything is settled, so not waiting for it loses nothing.
  await within(LAST_WORDS_MS / 2, closed);
}

/** Resolves when `done` does, when the time is over, or when `hurry` aborts, whichever comes first. */
async function within(ms: number, done: Promise<unknown>, hurry?: AbortSignal): Promise<void> {
  const timer = new AbortController();
  const signal = hurry ? AbortSignal.any([timer.signal, hurry]) : timer.signal;
  const timeout = delay(ms, undefined, { signal }).catch(() => undefined);
  await Promise.race([done, timeout]);
  timer.abort();
}
