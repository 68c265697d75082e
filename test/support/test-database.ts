import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { startEmbeddedPostgres } from '../../src/storage/embedded-postgres/embedded-postgres.js';
import { applyMigrations } from '../../src/storage/migrations/apply-migrations.js';
import { oncePerRun } from './once-per-run.js';
import { runDirectory } from './run-directory.js';
import { TestServers, withDatabase } from './test-servers.js';
import { until } from './until.js';

const TEMPLATE = 'test_template';

/**
 * A server to test on in place of the run's own, as its superuser: `TEST_DATABASE_URL`. With `TEST_WORKER_URLS` besides, it is
 * the coordinator of a Citus cluster, and these, parted by commas, are its workers: every test has a sharded database.
 */
const GIVEN_SERVER = process.env['TEST_DATABASE_URL'];
export const ON_SHARDS = (process.env['TEST_WORKER_URLS'] ?? '') !== '';
const WORKERS = (process.env['TEST_WORKER_URLS'] ?? '').split(',').filter((url) => url !== '');
/** Connections that were closed just now may take a busy server a while to notice. */
const LEAK_GRACE_MS = 30_000;

/** Fast rather than durable: the data is thrown away with the run. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300',
};

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  /**
   * Ends the pool and removes the database. Throws when anybody else has left a connection open.
   * @param graceMs how long such a connection may take to close
   */
  drop(graceMs?: number): Promise<void>;
}

/** A database of one's own with all migrations applied, on a real PostgreSQL that this run shares. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await testServerUrl();
  await oncePerRun('template', () => makeTemplate(server));
  return openDatabase(server, WORKERS, `TEMPLATE ${TEMPLATE}`);
}

/** Like `createTestDatabase`, but with nothing in it. */
export async function createEmptyTestDatabase(): Promise<TestDatabase> {
  return openDatabase(await testServerUrl(), [], '');
}

/** Like `createEmptyTestDatabase`, as the coordinator of a cluster that is joined, and nothing more. */
export async function createTestCluster(name: string): Promise<TestDatabase> {
  const server = await testServerUrl();
  const servers = new TestServers(server, WORKERS);
  await servers.create(name, '');
  await servers.join(name);
  return opened(servers, name);
}

/** The run's server, as its superuser. It is started by the first test that asks. */
async function testServerUrl(): Promise<string> {
  if (GIVEN_SERVER !== undefined) return GIVEN_SERVER;
  return oncePerRun('database', async () => {
    const log = { info: () => undefined, warn: (message: string) => process.stderr.write(`${message}\n`) };
    const dataDir = join(runDirectory(), 'database');
    return (await startEmbeddedPostgres({ dataDir, log, settings: SETTINGS })).url;
  });
}

async function makeTemplate(server: string): Promise<string> {
  const servers = new TestServers(server, WORKERS);
  // A given server may have that of another run.
  await servers.drop(TEMPLATE);
  await servers.create(TEMPLATE, '');
  await servers.join(TEMPLATE);
  await applyMigrations(withDatabase(server, TEMPLATE));
  await servers.seal(TEMPLATE);
  return TEMPLATE;
}

async function openDatabase(
  server: string,
  workers: readonly string[],
  options: string,
): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const servers = new TestServers(server, workers);
  await servers.create(name, options);
  return opened(servers, name);
}

function opened(servers: TestServers, name: string): TestDatabase {
  const server = servers.main;
  const url = withDatabase(server, name);
  const pool = new Pool({ connectionString: url, application_name: 'test' });
  return {
    url,
    pool,
    drop: async (graceMs = LEAK_GRACE_MS) => {
      await pool.end();
      const leaked = await leakedConnections(server, name, graceMs);
      await servers.drop(name);
      if (leaked.length > 0) {
        throw new Error(`${leaked.length} database connection(s) were left open:\n${leaked.join('\n')}`);
      }
    },
  };
}

async function leakedConnections(
  server: string,
  database: string,
  graceMs: number,
): Promise<readonly string[]> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    const open = async () => {
      const { rows } = await client.query<{ description: string }>(
        `SELECT format('%s, %s since %s: %s', application_name, state, state_change, left(query, 200)) AS description
           FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' AND application_name NOT LIKE 'citus%'`,
        [database],
      );
      return rows.map((row) => row.description);
    };
    await until(async () => (await open()).length === 0, graceMs).catch(() => undefined);
    return await open();
  } finally {
    await client.end();
  }
}
