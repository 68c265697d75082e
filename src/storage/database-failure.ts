import pg from 'pg';
import { DatabaseAway } from '../base/errors/database-away.js';

/** PostgreSQL's error codes for data exceptions, violated constraints and exceeded limits of a statement. */
const UNWRITABLE = /^(?:22|23|54)/;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Connections that broke, a server that is full, fails, ends or starts, or is read only; statements that it has ended, for
 * they took too long or stood in the way of others; also what poolers say of theirs.
 */
const AWAY = /^(?:08|53|57P0|57014|58|25006|40001|40P01)/;

/**
 * The failure of a statement: `DatabaseAway` unless PostgreSQL refused the statement itself, or its parameters could not
 * even be made.
 */
export function statementFailure(failure: unknown): unknown {
  if (!(failure instanceof Error) || failure instanceof DatabaseAway || isUnwritable(failure)) return failure;
  if (failure instanceof pg.DatabaseError && !AWAY.test(failure.code ?? '')) return failure;
  return new DatabaseAway(failure);
}

/** Whether the same rows would be refused at any time. */
export function isUnwritable(failure: unknown): boolean {
  if (failure instanceof pg.DatabaseError) return UNWRITABLE.test(failure.code ?? '');
  // Not even the statement's parameters could be made.
  return failure instanceof RangeError || failure instanceof TypeError;
}

/** Whether another transaction has kept a row locked for longer than the statement waits. */
export function isLockedOut(failure: unknown): failure is pg.DatabaseError {
  return failure instanceof pg.DatabaseError && failure.code === LOCK_NOT_AVAILABLE;
}
