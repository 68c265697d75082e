import { Client } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { lookAtEnd } from '../pooled-connection.js';
import { refuseReadOnly } from '../servers/url-for-start.js';
import { refuseFailedMigration } from './failed-migration.js';
import { MigrationError } from './migration-error.js';
import { type Migration, migrationsDirectory, readMigrations } from './migrations-directory.js';
import { missingMigrations } from './missing-migrations.js';
import { buildOnline, onlineIndexesOf } from './online-indexes.js';
import { UpgradeLock } from './upgrade-lock.js';

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
  const upgrade = new Upgrade(connectionString, directory);
  try {
    await upgrade.connection.connect().catch((cause: unknown) => {
      throw new DatabaseStartError('The database does not let the gateway in. Check DATABASE_URL.', {
        cause,
      });
    });
    // Building an index may take longer than operators let other statements take.
    await lookAtEnd(upgrade.connection, 0);
    await refuseReadOnly(upgrade.connection);
    const missing = await missingMigrations(upgrade.connection, directory);
    const applied = missing.length === 0 ? [] : await upgrade.run();
    if (upgrade.lost !== undefined) throw upgrade.lost;
    return { applied };
  } finally {
    await upgrade.end();
  }
}

class Upgrade {
  /** Why a connection has broken. */
  lost: Error | undefined;
  readonly connection: Client;
  /** Of the lock alone; opened when it is needed, which at most starts it is not. */
  private keeper: Client | undefined;

  constructor(
    private readonly connectionString: string,
    private readonly directory: string,
  ) {
    this.connection = this.newConnection();
  }

  async run(): Promise<readonly string[]> {
    const { directory, connection } = this;
    this.keeper = this.newConnection();
    await this.keeper.connect();
    const lock = await UpgradeLock.take(this.keeper);
    const migrations = await readMigrations(directory);
    const missing = new Set(await missingMigrations(connection, directory));
    const isEmpty = missing.size === migrations.length;
    const applied: string[] = [];
    const migrate = (some: readonly Migration[]): Promise<void> =>
      lock.whileMigrating(async () => {
        await refuseFailedMigration(connection);
        if (some.some(({ name }) => missing.has(name)))
          applied.push(
            ...(await runEngine(this.connectionString, { directory, migrations: some, connection })),
          );
      });
    for (const [index, { name, sql }] of migrations.entries()) {
      const online = isEmpty || !missing.has(name) ? [] : onlineIndexesOf(sql);
      if (online.length === 0) continue;
      await migrate(migrations.slice(0, index));
      for (const one of online) await buildOnline(connection, one);
    }
    await migrate(migrations);
    await lock.end();
    return applied;
  }

  async end(): Promise<void> {
    await Promise.all([this.connection.end(), this.keeper?.end()]);
  }

  private newConnection(): Client {
    const connection = new Client({
      connectionString: this.connectionString,
      application_name: 'migrations',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    connection.on('error', (error) => (this.lost = error));
    return connection;
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
