import { mkdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { packagedBinaries, runnableBinaries } from './binaries.js';
import { DatabaseStartError } from './database-start-error.js';
import { DATABASE, embeddedUrl } from './embedded-url.js';
import { initialise, loadOrCreatePassword } from './initialise.js';
import { takeOwnership } from './owner-lock.js';
import { choosePlace, holdsDatabase } from './place.js';
import { findPostmaster, launchPostmaster, stopPostmaster } from './postmaster.js';
import { type StartLog } from './start-log.js';

const CONNECT_TIMEOUT_MS = 10_000;

export interface EmbeddedPostgresOptions {
  /** Made when missing. */
  readonly dataDir: string;
  readonly log: StartLog;
  /** Server settings on top of the usual ones, such as `fsync` off in tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  readonly url: string;
  /** Stops the server and gives the data directory back. Bounded to about 20 s; further calls do nothing. */
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that comes with the gateway, or takes over the one that a killed gateway left running.
 *
 * @throws DatabaseStartError in words for an operator, also when another gateway uses `dataDir`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(resolve(options.dataDir), { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const ownership = await takeOwnership(dataDir);
  try {
    const server = await startOwned(dataDir, options);
    let stopping: Promise<void> | undefined;
    return {
      url: server.url,
      stop: () => (stopping ??= server.stop().finally(() => ownership.release())),
    };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}

async function startOwned(dataDir: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, settings = {} } = options;
  const packaged = await packagedBinaries();
  const place = choosePlace(dataDir);
  const binaries = await runnableBinaries(packaged, place.home, place.user, log);
  const password = await loadOrCreatePassword(dataDir, holdsDatabase(place.data));
  await initialise(binaries, place, password, settings['fsync'] !== 'off');
  const adopted = await findPostmaster(place.data);
  if (adopted !== undefined) log.info(`Took over the running PostgreSQL (pid ${adopted.pid}).`);
  const postmaster =
    adopted ?? (await launchPostmaster(binaries, place, settings, join(dataDir, 'postgres.log')));
  const stop = () => stopPostmaster(binaries, place.data, postmaster.pid, log);
  try {
    await ensureDatabase(embeddedUrl(password, postmaster.port, 'postgres'));
  } catch (error) {
    if (adopted === undefined) await stop();
    throw new DatabaseStartError(
      `The embedded PostgreSQL of ${place.data} (pid ${postmaster.pid}) runs but does not let the gateway in.`,
      { cause: error },
    );
  }
  return { url: embeddedUrl(password, postmaster.port), stop };
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}
