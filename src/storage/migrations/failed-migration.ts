import { type Client } from 'pg';
import { MigrationError } from './migration-error.js';

/** A log longer than this is cut in the message; the whole of it stays in the database. */
const MAX_LOG_CHARACTERS = 2_000;

/** Throws when a migration was begun and neither finished nor marked as rolled back. */
export async function refuseFailedMigration(connection: Client): Promise<void> {
  const table = await connection.query<{ present: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`,
  );
  if (table.rows[0]?.present !== true) return;
  const failed = await connection.query<{ name: string; logs: string | null }>(
    `SELECT migration_name AS name, logs FROM _prisma_migrations
      WHERE finished_at IS NULL AND rolled_back_at IS NULL ORDER BY started_at LIMIT 1`,
  );
  const migration = failed.rows[0];
  if (migration !== undefined) throw new MigrationError(describe(migration.name, migration.logs));
}

function describe(name: string, logs: string | null): string {
  const log = logs?.trim() ?? '';
  return [
    `The database migration "${name}" failed earlier and blocks the start.`,
    log === ''
      ? 'No error was logged for it: the process that ran it may have been killed.'
      : `Its error was:\n${log.slice(0, MAX_LOG_CHARACTERS)}`,
    'A migration is one transaction unless it says otherwise, so normally nothing of it remains. Remove the cause',
    'of the error, then clear the mark in this database with:',
    `  UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${name.replaceAll("'", "''")}' AND finished_at IS NULL;`,
    'and start again; the migration is then run once more.',
  ].join('\n');
}
