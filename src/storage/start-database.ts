import { connectionsOf } from './connections.js';
import { startEmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';
import { type StartLog } from './embedded-postgres/start-log.js';

/** `max_connections` of PostgreSQL, unless somebody has changed it. */
const USUAL_CONNECTIONS = 100;

export interface StartDatabaseOptions {
  /** A PostgreSQL server to use. Undefined: the embedded one. */
  readonly url: string | undefined;
  /** Where the embedded database lives. */
  readonly dataDir: string;
  /** Processes that will connect, 1 unless given. */
  readonly workers?: number | undefined;
  readonly log: StartLog;
}

export interface Database {
  readonly url: string;
  readonly embedded: boolean;
  /** Stops the embedded server; a server that was given by URL is left alone. Close all connections before. */
  stop(): Promise<void>;
}

/** @throws DatabaseStartError when the embedded database cannot be started; a given server is not contacted here. */
export async function startDatabase({
  url,
  dataDir,
  workers = 1,
  log,
}: StartDatabaseOptions): Promise<Database> {
  if (url !== undefined) return { url, embedded: false, stop: () => Promise.resolve() };
  const server = await startEmbeddedPostgres({ dataDir, log, settings: settingsFor(workers) });
  return { url: server.url, embedded: true, stop: () => server.stop() };
}

/** Its file has room for the usual number of workers, and what an operator has written there stays. */
function settingsFor(workers: number): Readonly<Record<string, string>> {
  const { needed } = connectionsOf(workers);
  return needed > USUAL_CONNECTIONS ? { max_connections: String(needed) } : {};
}
