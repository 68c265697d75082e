import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { NoPrimaryError, PrimaryFinder } from './find-primary.js';
import { ReadOnlyServerError, requireWrites } from './server-question.js';

/** A standby is promoted within less. */
const LONGEST_WAIT_MS = 60_000;
const PAUSE_MS = 500;

/**
 * A URL of the server that takes writes, for what is done once; of one server, the URL itself, unasked.
 *
 * @param onWait is told, once, that none of several takes writes, and is waited with; without it nobody waits
 * @throws DatabaseStartError when there is none
 */
export async function urlForStart(databaseUrl: string, onWait?: (words: string) => void): Promise<string> {
  const finder = new PrimaryFinder(databaseUrl);
  const beganMs = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      return await finder.urlNow();
    } catch (cause) {
      const isOver = !onWait || performance.now() - beganMs >= LONGEST_WAIT_MS;
      if (isOver || !(cause instanceof NoPrimaryError))
        throw new DatabaseStartError('No server of DATABASE_URL can be used.', { cause });
      if (tries === 0) onWait(`${cause.message}; waiting up to ${LONGEST_WAIT_MS / 1_000} s for one`);
      await sleep(PAUSE_MS);
    }
  }
}

/** @throws DatabaseStartError when the one server that there is takes no writes */
export async function refuseReadOnly(client: ClientBase): Promise<void> {
  await requireWrites(client).catch((failure: unknown) => {
    if (!(failure instanceof ReadOnlyServerError)) throw failure;
    throw new DatabaseStartError(
      'The server of DATABASE_URL takes no writes: it is a standby, or read only. Name the primary, or all servers with commas between them.',
    );
  });
}
