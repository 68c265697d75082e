import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DatabaseStartError } from '../embedded-postgres/database-start-error.js';
import { NoPrimaryError, PrimaryFinder } from './find-primary.js';
import { ReadOnlyServerError, requireWrites } from './server-question.js';

const CONNECT_TIMEOUT_MS = 10_000;
const PAUSE_MS = 500;

export interface StartOptions {
  readonly applicationName: string;
  /** How long to wait while none of several servers takes writes, as when another one is being promoted. */
  readonly waitMs: number;
  /** Is told once, when there is something to wait for. */
  readonly onWait?: ((words: string) => void) | undefined;
}

export interface StartConnection {
  readonly client: Client;
  /** A URL of the server that it goes to. */
  readonly url: string;
}

/**
 * Opens a connection to a server that takes writes.
 * @throws DatabaseStartError when there is none, or it refuses the user
 */
export async function connectForStart(databaseUrl: string, options: StartOptions): Promise<StartConnection> {
  const finder = new PrimaryFinder(databaseUrl);
  const url = await whenThereIsOne(finder, options).catch((cause: unknown) => {
    throw new DatabaseStartError('No server of DATABASE_URL can be used.', { cause });
  });
  const client = new Client({
    connectionString: url,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  await client.connect().catch((cause: unknown) => {
    throw new DatabaseStartError(
      'The database cannot be reached, or does not let the gateway in. Check DATABASE_URL.',
      { cause },
    );
  });
  try {
    await requireWrites(client);
    return { client, url };
  } catch (cause) {
    await client.end();
    if (!(cause instanceof ReadOnlyServerError)) throw cause;
    throw new DatabaseStartError(
      'The server of DATABASE_URL takes no writes: it is a standby, or read only. Name the primary, or all servers with commas between them.',
    );
  }
}

async function whenThereIsOne(finder: PrimaryFinder, { waitMs, onWait }: StartOptions): Promise<string> {
  const beganMs = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      return await finder.urlNow();
    } catch (failure) {
      if (!(failure instanceof NoPrimaryError) || performance.now() - beganMs >= waitMs) throw failure;
      if (tries === 0) onWait?.(`${failure.message}; waiting up to ${waitMs / 1_000} s for one`);
      await sleep(PAUSE_MS);
    }
  }
}
