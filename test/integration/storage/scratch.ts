import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../../src/storage/embedded-postgres/embedded-postgres.js';

export const FAST_SETTINGS = { fsync: 'off' };

/** Directories and servers of one test; `clear` stops and removes them. */
export class Scratch {
  readonly info: string[] = [];
  readonly warnings: string[] = [];
  readonly log = {
    info: (message: string) => void this.info.push(message),
    warn: (message: string) => void this.warnings.push(message),
  };
  private readonly directories: string[] = [];
  private readonly servers: EmbeddedPostgres[] = [];

  async directory(mode = 0o755): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'slipstream-scratch-'));
    await chmod(directory, mode);
    this.directories.push(directory);
    return directory;
  }

  async start(dataDir: string, options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({
      dataDir,
      log: this.log,
      settings: FAST_SETTINGS,
      ...options,
    });
    this.servers.push(server);
    return server;
  }

  async clear(): Promise<void> {
    await Promise.all(this.servers.splice(0).map((server) => server.stop()));
    await Promise.all(
      this.directories.splice(0).map((directory) => rm(directory, { recursive: true, force: true })),
    );
  }
}

/** One query on a connection of its own. */
export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
