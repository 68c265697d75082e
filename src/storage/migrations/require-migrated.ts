import { Client } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { migrationsDirectory } from './migrations-directory.js';
import { missingMigrations } from './missing-migrations.js';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Checks the schema for a program that works on the database and does not bring it up to date.
 *
 * @throws DatabaseStartError when the database cannot be reached, or lacks a migration of this version
 */
export async function requireMigrated(connectionString: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw new DatabaseStartError('The database cannot be reached.', { cause });
  });
  try {
    if ((await missingMigrations(client, migrationsDirectory())).length === 0) return;
  } finally {
    await client.end();
  }
  throw new DatabaseStartError(
    'The schema of the database is older than this program. Start this version of the gateway once, which brings it up to date.',
  );
}
