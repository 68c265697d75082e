import { Client } from 'pg';
import { distribute } from '../../src/storage/sharding/distribute.js';

/** Servers that hold one test's database each under the same name: the one that gateways use, and its workers, if any. */
export class TestServers {
  constructor(
    readonly main: string,
    private readonly workers: readonly string[],
  ) {}

  private get all(): readonly string[] {
    return [this.main, ...this.workers];
  }

  async create(name: string, options: string): Promise<void> {
    await Promise.all(this.all.map((server) => execute(server, `CREATE DATABASE ${name} ${options}`)));
  }

  async drop(name: string): Promise<void> {
    await Promise.all(
      this.all.map((server) => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
    );
  }

  /** Makes a cluster of the databases of this name; nothing where there are no workers. */
  async join(name: string): Promise<void> {
    if (this.workers.length === 0) return;
    await Promise.all(
      this.all.map((server) => execute(withDatabase(server, name), 'CREATE EXTENSION IF NOT EXISTS citus')),
    );
    const main = withDatabase(this.main, name);
    await execute(main, `SELECT citus_set_coordinator_host(${address(this.main)})`);
    for (const worker of this.workers) await execute(main, `SELECT citus_add_node(${address(worker)})`);
  }

  /** Shards a migrated database of this name, and lets nobody connect to it, so that it can be copied. */
  async seal(name: string): Promise<void> {
    if (this.workers.length > 0) await distribute(withDatabase(this.main, name));
    const ends = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
    for (const server of this.all)
      await execute(server, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`, ends);
  }
}

function address(server: string): string {
  const { hostname, port } = new URL(server);
  return `'${hostname}', ${port}`;
}

export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, database: string): string {
  const result = new URL(url);
  result.pathname = `/${database}`;
  return result.href;
}
