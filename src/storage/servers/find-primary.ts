import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { databaseServersOf, type DatabaseServers } from '../../base/database-servers.js';
import { requireWrites } from './server-question.js';

/** Where a server listens, and a URL that names it alone. */
export interface Place {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}

/** What asking all servers may take: less than a pool waits for a connection. */
const SEARCH_MS = 4_000;
/** Connections that are opened at about the same time share one search. */
const FRESH_MS = 1_000;

/** No server can be written to at the moment. */
export class NoPrimaryError extends Error {}

/** Finds the server that takes writes, among those of a URL. */
export class PrimaryFinder {
  /** Undefined: the URL names one server, whatever it is. */
  private readonly servers: DatabaseServers | undefined;
  private found: { readonly index: number; readonly place: Place; readonly atMs: number } | undefined;
  private search: Promise<Place> | undefined;

  constructor(private readonly url: string) {
    const servers = databaseServersOf(url);
    this.servers = servers?.areAsked ? servers : undefined;
  }

  /** A URL from which connections to any of the servers are configured: only the place is another one. */
  get anyUrl(): string {
    return this.servers?.urls[0] ?? this.url;
  }

  get isNeeded(): boolean {
    return this.servers !== undefined;
  }

  /** A URL for one connection that is opened now; one server is not asked. @throws NoPrimaryError */
  async urlNow(): Promise<string> {
    return this.servers ? (await this.find()).url : this.url;
  }

  /** @throws NoPrimaryError */
  async find(): Promise<Place> {
    if (this.found && performance.now() - this.found.atMs < FRESH_MS) return this.found.place;
    return (this.search ??= this.look().finally(() => (this.search = undefined)));
  }

  /** What was found turned out not to take writes. */
  forget(): void {
    this.found = undefined;
  }

  /**
   * The server of last time is asked first, the others in the order of the URL. The next one is asked when the one
   * before has failed, or has been silent for its part of the time. The first that takes writes is taken.
   */
  private async look(): Promise<Place> {
    const urls = this.servers?.urls ?? [];
    const last = this.found?.index;
    const order = [...urls.keys()].sort((a, b) => Number(b === last) - Number(a === last) || a - b);
    const isOver = new AbortController();
    const timer = setTimeout(() => isOver.abort(), SEARCH_MS);
    const failures = new Map<number, string>();
    const ask = async (index: number): Promise<{ index: number; place: Place }> => {
      try {
        return { index, place: await askServer(urls[index] ?? '', isOver.signal) };
      } catch (failure) {
        failures.set(index, reasonOf(failure));
        throw failure;
      }
    };
    try {
      const { index, place } = await staggered(order, ask, SEARCH_MS / (urls.length + 1));
      this.found = { index, place, atMs: performance.now() };
      return place;
    } catch {
      this.found = undefined;
      throw new NoPrimaryError(wordsFor(urls, failures));
    } finally {
      clearTimeout(timer);
      isOver.abort();
    }
  }
}

/** Begins with one after the other, and resolves as the first that succeeds. @throws AggregateError */
async function staggered<Key, Result>(
  keys: readonly Key[],
  begin: (key: Key) => Promise<Result>,
  pauseMs: number,
): Promise<Result> {
  const isDone = new AbortController();
  const { signal } = isDone;
  let turn = Promise.resolve();
  const begun = keys.map((key) => {
    const work = turn.then(() => {
      signal.throwIfAborted();
      return begin(key);
    });
    const hasEnded = work.then(ignore, ignore);
    turn = turn
      .then(() => Promise.race([hasEnded, sleep(pauseMs, undefined, { signal })]))
      .then(ignore, ignore);
    return work;
  });
  try {
    return await Promise.any(begun);
  } finally {
    isDone.abort();
  }
}

function ignore(): void {
  return undefined;
}

async function askServer(url: string, isOver: AbortSignal): Promise<Place> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: SEARCH_MS,
    query_timeout: SEARCH_MS,
    application_name: 'slipstream',
  });
  client.on('error', () => undefined);
  const giveUp = (): void => void client.connection.stream.destroy();
  isOver.addEventListener('abort', giveUp);
  try {
    await client.connect();
    await requireWrites(client);
    return { url, host: client.host, port: client.port };
  } finally {
    isOver.removeEventListener('abort', giveUp);
    // Not awaited: a server that has fallen silent says no goodbye.
    void client.end().catch(() => undefined);
  }
}

/** Failures to reach several addresses of one name have a code and no message. */
function reasonOf(failure: unknown): string {
  const { message, code } = failure as NodeJS.ErrnoException;
  return message || code || 'it cannot be reached';
}

/** Says of each server why it was not taken; nothing of a URL but host and port. */
function wordsFor(urls: readonly string[], failures: ReadonlyMap<number, string>): string {
  const each = urls.map((url, index) => {
    const { host, port } = new pg.Client({ connectionString: url });
    return `${host}:${port}: ${failures.get(index) ?? 'it did not answer'}`;
  });
  return `no server of the database takes writes (${each.join('; ')})`;
}
