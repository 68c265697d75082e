import { Client } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { refuseFailedMigration } from './failed-migration.js';
import { MigrationError } from './migration-error.js';
import { migrationsDirectory, readMigrations } from './migrations-directory.js';
import { missingMigrations } from './missing-migrations.js';

/** Any number nobody else uses: every start of every replica takes this advisory lock. */
const MIGRATION_LOCK = 7_305_114_201;
const CONNECT_TIMEOUT_MS = 10_000;

export interface ApplyMigrationsOptions {
  /** Absolute path; the project's own `prisma/migrations` unless given. */
  readonly directory?: string;
}

/**
 * Applies the missing migrations, oldest first, and returns their names. Any number of processes may do this at once:
 * one of them applies, the others wait and find nothing to do.
 *
 * @throws DatabaseStartError when the database cannot be reached or refuses the user.
 * @throws MigrationError when a migration fails now or failed earlier.
 */
export async function applyMigrations(
  connectionString: string,
  options: ApplyMigrationsOptions = {},
): Promise<{ applied: readonly string[] }> {
  const directory = options.directory ?? migrationsDirectory();
  const connection = new Client({
    connectionString,
    application_name: 'migrations',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  let lost: Error | undefined;
  connection.on('error', (error) => (lost = error));
  await connection.connect().catch((cause: unknown) => {
    throw new DatabaseStartError('The database does not let the gateway in. Check DATABASE_URL.', { cause });
  });
  try {
    await connection.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseFailedMigration(connection);
    const missing = await missingMigrations(connection, directory);
    const applied = missing.length === 0 ? [] : await runEngine(connectionString, directory, connection);
    if (lost !== undefined) throw lost;
    return { applied };
  } finally {
    await connection.end();
  }
}

/** The engine is loaded for it alone: most starts find nothing to do. */
async function runEngine(
  connectionString: string,
  directory: string,
  connection: Client,
): Promise<readonly string[]> {
  const migrations = await readMigrations(directory);
  const { openSchemaEngine } = await import('./schema-engine.js');
  const opened = await openSchemaEngine(connectionString);
  try {
    const output = await opened.engine.applyMigrations({
      migrationsList: {
        baseDir: directory,
        lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
        shadowDbInitScript: '',
        migrationDirectories: migrations.map(({ name, sql }) => ({
          path: name,
          migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
        })),
      },
      filters: { externalTables: [], externalEnums: [] },
    });
    return output.appliedMigrationNames;
  } catch (error) {
    await refuseFailedMigration(connection);
    throw new MigrationError('The database schema could not be brought up to date.', { cause: error });
  } finally {
    await opened.close();
  }
}
