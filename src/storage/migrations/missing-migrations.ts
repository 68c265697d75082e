import type { Client } from 'pg';
import { migrationNames } from './migrations-directory.js';

/** Names of migrations in a directory that the database does not have, oldest first. */
export async function missingMigrations(client: Client, directory: string): Promise<readonly string[]> {
  const applied = await appliedMigrations(client);
  return (await migrationNames(directory)).filter((name) => !applied.has(name));
}

async function appliedMigrations(client: Client): Promise<ReadonlySet<string>> {
  const table = await client.query<{ present: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`,
  );
  if (table.rows[0]?.present !== true) return new Set();
  const { rows } = await client.query<{ name: string }>(
    `SELECT migration_name AS name FROM _prisma_migrations
      WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  return new Set(rows.map(({ name }) => name));
}
