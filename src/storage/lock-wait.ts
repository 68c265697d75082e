import { setTimeout as sleep } from 'node:timers/promises';
import { isLockedOut } from './database-failure.js';

/**
 * How long a statement waits for a row that another transaction has locked, in PostgreSQL's notation. The gateway's
 * own statements keep a row locked for a few milliseconds. Statements that are not batched may all want the same row:
 * `alone` lets some dozens have it one after the other.
 */
export const LOCK_WAIT = { first: '100ms', again: '10ms', alone: '500ms' } as const;
export type LockWait = (typeof LOCK_WAIT)[keyof typeof LOCK_WAIT];

/**
 * A row of a FROM clause that sets the time that the statement waits for each lock to the parameter `$lockWait`. A
 * lateral part after it has to use `patience.set`, which is true, so that it runs after it.
 */
export const PATIENCE = `(SELECT set_config('lock_timeout', $lockWait, true) IS NOT NULL AS set) AS patience`;

/** A condition, always true, of the part of a statement that comes before any lock: it sets how long the statement waits. */
export const PATIENTLY = `(SELECT patience.set FROM ${PATIENCE})`;

/** How long a call waits for a locked row before it fails. */
export const LOCKED_FOR_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 250;

/** Pauses between attempts at rows that stay locked: they grow while the attempts fail. */
export function nextPause(pauseMs: number | undefined): number {
  return pauseMs === undefined ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
}

/**
 * Runs a statement again while a row that it needs is locked, without a connection in between.
 *
 * @param askedAt when its call came, by `performance.now()`: one that comes late to its turn is tried once, and shortly
 */
export async function whileLocked<Result>(
  statement: (wait: LockWait) => Promise<Result>,
  askedAt = performance.now(),
): Promise<Result> {
  const isLate = (): boolean => performance.now() - askedAt > LOCKED_FOR_MS;
  for (let pauseMs: number | undefined; ;) {
    try {
      return await statement(pauseMs === undefined && !isLate() ? LOCK_WAIT.alone : LOCK_WAIT.again);
    } catch (failure) {
      if (!isLockedOut(failure) || isLate()) throw failure;
    }
    pauseMs = nextPause(pauseMs);
    await sleep(pauseMs);
  }
}
