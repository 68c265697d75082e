/** PostgreSQL's code for a row that stayed locked. */
const LOCK_NOT_AVAILABLE = '55P03';

/** The database could not be asked, or has not answered, or not in time. Nobody knows whether a statement that was sent was executed. */
export class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway';
  /** Of Node or PostgreSQL, such as `ECONNREFUSED`; where the driver gives none, that of a broken connection. */
  readonly code: string;

  /** Whether the statement may have been executed: not one that waited for a locked row until it gave up. */
  get isUncertain(): boolean {
    return this.code !== LOCK_NOT_AVAILABLE;
  }

  constructor(cause: Error) {
    super('the database did not answer', { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : 'ECONNRESET';
  }
}
