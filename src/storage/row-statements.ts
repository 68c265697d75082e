import type { Pool, QueryResult, QueryResultRow } from 'pg';
import { DatabaseAway } from '../base/errors/database-away.js';
import { isLockedOut } from './database-failure.js';
import { whileLocked } from './lock-wait.js';

/** One row's name for `RowStatements`. Who asks belongs to it: nobody stands in line behind a stranger. */
export function laneOf(who: string, id: string): string {
  return `${who} ${id}`;
}

/**
 * Statements that change a row which many requests may want at the same time. For one row there is one statement of this
 * process at a time, and it waits for other transactions without a connection: so a row that is in demand, or locked,
 * keeps one connection busy, and what a statement carries is seldom sent twice.
 */
export class RowStatements {
  /** The last statement of each lane for which one is under way. */
  private readonly last = new Map<string, Promise<unknown>>();

  constructor(private readonly pool: Pool) {}

  /**
   * @param lane names the row, see `laneOf`
   * @param text has numbered parameters, and `PATIENTLY` before anything locks
   * @throws DatabaseAway when the row stays locked
   */
  async query<Row extends QueryResultRow>(
    lane: string,
    text: string,
    values: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    const askedAt = performance.now();
    const before = this.last.get(lane) ?? Promise.resolve();
    const result = before.then(() =>
      whileLocked(
        (wait) => this.pool.query<Row>(text.replaceAll('$lockWait', `'${wait}'`), [...values]),
        askedAt,
      ),
    );
    const ended = result.catch(() => undefined);
    this.last.set(lane, ended);
    try {
      return await result;
    } catch (failure) {
      throw isLockedOut(failure) ? new DatabaseAway(failure) : failure;
    } finally {
      if (this.last.get(lane) === ended) this.last.delete(lane);
    }
  }
}
