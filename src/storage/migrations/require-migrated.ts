import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { connectForStart } from '../servers/connect-for-start.js';
import { migrationsDirectory } from './migrations-directory.js';
import { missingMigrations } from './missing-migrations.js';

/**
 * Checks the schema for a program that works on the database and does not bring it up to date.
 *
 * @throws DatabaseStartError when the database cannot be reached, or lacks a migration of this version
 */
export async function requireMigrated(databaseUrl: string): Promise<void> {
  const { client } = await connectForStart(databaseUrl, { applicationName: 'slipstream', waitMs: 0 });
  try {
    if ((await missingMigrations(client, migrationsDirectory())).length === 0) return;
  } finally {
    await client.end();
  }
  throw new DatabaseStartError(
    'The schema of the database is older than this program. Start this version of the gateway once, which brings it up to date.',
  );
}
