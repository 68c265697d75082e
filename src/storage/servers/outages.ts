import pg from 'pg';
import { DatabaseAway } from '../../base/errors/database-away.js';

/** Connections that failed, a server that is full or ends, and one that is read only. */
const OUTAGES = /^(?:08|53|57P|58|25006)/;

/** A failure of which the question was not the cause, as such; any other unchanged. */
export function outageOr(failure: unknown): unknown {
  if (failure instanceof pg.DatabaseError)
    return OUTAGES.test(failure.code ?? '') ? new DatabaseAway(failure) : failure;
  const isOfValues = failure instanceof TypeError || failure instanceof RangeError;
  return failure instanceof Error && !isOfValues ? new DatabaseAway(failure) : failure;
}

/** Lets whoever asks a pool tell outages from other failures. */
export function tellOutages(pool: pg.Pool): void {
  const query = pool.query.bind(pool) as (...words: readonly unknown[]) => unknown;
  const told = (...words: readonly unknown[]): unknown => {
    const answer = query(...words);
    return answer instanceof Promise ? answer.catch(rethrown) : answer;
  };
  pool.query = told as typeof pool.query;
}

function rethrown(failure: unknown): never {
  throw outageOr(failure);
}
