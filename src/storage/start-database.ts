import { startEmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';
import { type StartLog } from './embedded-postgres/start-log.js';

export interface StartDatabaseOptions {
  /** A PostgreSQL server to use. Undefined: the embedded one. */
  readonly url: string | undefined;
  /** Where the embedded database lives. */
  readonly dataDir: string;
  readonly log: StartLog;
}

export interface Database {
  readonly url: string;
  readonly embedded: boolean;
  /** Stops the embedded server; a server that was given by URL is left alone. Close all connections before. */
  stop(): Promise<void>;
}

/** @throws DatabaseStartError when the embedded database cannot be started; a given server is not contacted here. */
export async function startDatabase({ url, dataDir, log }: StartDatabaseOptions): Promise<Database> {
  if (url !== undefined) return { url, embedded: false, stop: () => Promise.resolve() };
  const server = await startEmbeddedPostgres({ dataDir, log });
  return { url: server.url, embedded: true, stop: () => server.stop() };
}
