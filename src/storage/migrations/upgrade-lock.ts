import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';

/** Any number nobody else uses: who brings a database up to date has this advisory lock, from the beginning to the end. */
const UPGRADE_LOCK = 7_305_114_202;
/** The same while migrations run: builds that know no other lock wait for it in a statement, as no index may be built. */
const MIGRATION_LOCK = 7_305_114_201;
/** The lock of Prisma's schema engine and command line. */
const PRISMA_LOCK = 72_707_369;
const LOCK_POLL_MS = 100;

/** In a transaction that lasts as long as the upgrade does, and that has no snapshot for which a new index would wait. */
const BEGIN = 'BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0';

/**
 * Keeps other processes from bringing the database up to date. Its locks are those of a transaction: a pooler keeps that
 * in one session, while locks of a session would stay behind in one that others get next.
 */
export class UpgradeLock {
  private constructor(private readonly keeper: Client) {}

  /**
   * By asking again and again: a statement that waits for a lock is a transaction, for which a new index would wait in
   * turn; and many who wait in transactions would take all sessions of a pooler from the one that works.
   *
   * @param keeper a connection for this alone: within its transaction it may not see what migrations change
   */
  static async take(keeper: Client): Promise<UpgradeLock> {
    for (;;) {
      await keeper.query(BEGIN);
      const { rows } = await keeper.query<{ isOurs: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1) AS "isOurs"',
        [UPGRADE_LOCK],
      );
      if (rows[0]?.isOurs === true) return new UpgradeLock(keeper);
      await keeper.query('ROLLBACK');
      await delay(LOCK_POLL_MS);
    }
  }

  /** Also keeps earlier builds and Prisma's command line from migrations. */
  async whileMigrating<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.keeper.query('SAVEPOINT migrating');
    await this.keeper.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await this.keeper.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_LOCK]);
    const result = await work();
    await this.keeper.query('ROLLBACK TO SAVEPOINT migrating');
    return result;
  }

  async end(): Promise<void> {
    // A connection that has broken has no locks either.
    await this.keeper.query('ROLLBACK').catch(() => undefined);
  }
}

/** Whether a statement asks for the lock of Prisma's engine, which we hold for it. */
export function asksForPrismaLock(sql: string): boolean {
  return sql.includes(`pg_advisory_lock(${PRISMA_LOCK})`);
}
