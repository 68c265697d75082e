import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { refuseReadOnly } from '../servers/url-for-start.js';
import { refuseFailedMigration } from './failed-migration.js';
import { MigrationError } from './migration-error.js';
import { type Migration, migrationsDirectory, readMigrations } from './migrations-directory.js';
import { missingMigrations } from './missing-migrations.js';
import { buildOnline, onlineIndexesOf } from './online-indexes.js';

/** Any number nobody else uses: who brings a database up to date has this advisory lock, from the beginning to the end. */
const UPGRADE_LOCK = 7_305_114_202;
/** The same while migrations run: builds that know no other lock wait for it in a statement, as no index may be built. */
const MIGRATION_LOCK = 7_305_114_201;
const LOCK_POLL_MS = 100;
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
    await refuseReadOnly(connection);
    const missing = await missingMigrations(connection, directory);
    const applied = missing.length === 0 ? [] : await upgrade(connectionString, directory, connection);
    if (lost !== undefined) throw lost;
    return { applied };
  } finally {
    await connection.end();
  }
}

async function upgrade(
  connectionString: string,
  directory: string,
  connection: Client,
): Promise<readonly string[]> {
  await takeUpgradeLock(connection);
  const migrations = await readMigrations(directory);
  const missing = new Set(await missingMigrations(connection, directory));
  const isEmpty = missing.size === migrations.length;
  const applied: string[] = [];
  const migrate = async (some: readonly Migration[]): Promise<void> => {
    await connection.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseFailedMigration(connection);
    if (some.some(({ name }) => missing.has(name)))
      applied.push(...(await runEngine(connectionString, { directory, migrations: some, connection })));
    await connection.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  };
  for (const [index, { name, sql }] of migrations.entries()) {
    const online = isEmpty || !missing.has(name) ? [] : onlineIndexesOf(sql);
    if (online.length === 0) continue;
    await migrate(migrations.slice(0, index));
    for (const one of online) await buildOnline(connection, one);
  }
  await migrate(migrations);
  return applied;
}

/** By asking again and again: a statement that waits for a lock is a transaction, for which a new index would wait in turn. */
async function takeUpgradeLock(connection: Client): Promise<void> {
  for (;;) {
    const { rows } = await connection.query<{ isOurs: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS "isOurs"',
      [UPGRADE_LOCK],
    );
    if (rows[0]?.isOurs === true) return;
    await delay(LOCK_POLL_MS);
  }
}

interface EngineRun {
  readonly directory: string;
  readonly migrations: readonly Migration[];
  /** Asked about a failure. */
  readonly connection: Client;
}

/** The engine is loaded for it alone: most starts find nothing to do. */
async function runEngine(
  connectionString: string,
  { directory, migrations, connection }: EngineRun,
): Promise<readonly string[]> {
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
