import { setTimeout as delay } from 'node:timers/promises';
import { isDriverAdapterError } from '@prisma/driver-adapter-utils';

/** Calls that come meanwhile wait as long: behind a statement that waits for a table, everybody else does. */
const LOCK_WAIT_MS = 1_000;
/** Between two attempts, for the calls. */
const PAUSE_MS = 2_000;
const ATTEMPTS = 100;
/** PostgreSQL's error code for a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Executes a script, which is one transaction, as soon as it gets its locks at once. Who reads a table for long delays the
 * script, and not the calls behind it.
 *
 * @throws what the script throws; after 100 attempts in five minutes, that a lock was not to be had.
 */
export async function withoutLongLocks(
  execute: (sql: string) => Promise<void>,
  script: string,
): Promise<void> {
  // In one with the script, for its transaction alone: the session may be a pooler's, and have bounds of its own.
  const bounded = `SET LOCAL lock_timeout = ${LOCK_WAIT_MS}; SET LOCAL statement_timeout = 0;\n${script}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await execute(bounded);
    } catch (error) {
      if (!isLocked(error) || attempt === ATTEMPTS) throw error;
    }
    await delay(PAUSE_MS);
  }
}

function isLocked(error: unknown): boolean {
  return isDriverAdapterError(error) && error.cause.originalCode === LOCK_NOT_AVAILABLE;
}
