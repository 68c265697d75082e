import pg from 'pg';

/** PostgreSQL's error codes for data exceptions, violated constraints and exceeded limits of a statement. */
const UNWRITABLE = /^(?:22|23|54)/;
const LOCK_NOT_AVAILABLE = '55P03';

/** Whether the same rows would be refused at any time. */
export function isUnwritable(failure: unknown): boolean {
  if (failure instanceof pg.DatabaseError) return UNWRITABLE.test(failure.code ?? '');
  // Not even the statement's parameters could be made.
  return failure instanceof RangeError || failure instanceof TypeError;
}

/** Whether another transaction has kept a row locked for longer than the statement waits. */
export function isLockedOut(failure: unknown): boolean {
  return failure instanceof pg.DatabaseError && failure.code === LOCK_NOT_AVAILABLE;
}
