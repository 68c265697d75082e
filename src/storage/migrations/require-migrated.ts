import { Client } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { migrationsDirectory, readMigrations } from './migrations-directory.js';

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
    const applied = await appliedMigrations(client);
    const wanted = await readMigrations(migrationsDirectory());
    if (wanted.every(({ name }) => applied.has(name))) return;
  } finally {
    await client.end();
  }
  throw new DatabaseStartError(
    'The schema of the database is older than this program. Start this version of the gateway once, which brings it up to date.',
  );
}

async function appliedMigrations(client: Client): Promise<ReadonlySet<string>> {
  const table = await client.query<{ present: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`,
  );
  if (table.rows[0]?.present !== true) return new Set();
  const { rows } = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL',
  );
  return new Set(rows.map(({ name }) => name));
}
