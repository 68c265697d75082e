import type { PoolClient } from 'pg';

/** What `pg` says, too, when it has waited for an answer for its `query_timeout`; it has no code for it. */
export const SILENT = 'Query read timeout';

/**
 * Breaks a connection whose server has not answered for so long, from the beginning of a statement. One timer serves all
 * statements of a connection: `pg` makes one for each, with a closure that keeps the statement and its rows in memory
 * until the next collection of old objects (decision 57).
 */
export function breakWhenSilent(client: PoolClient, silenceMs: number): void {
  let isAsking = false;
  const timer = setTimeout(() => {
    if (isAsking) client.connection.stream.destroy(new Error(SILENT));
  }, silenceMs).unref();
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  const ask = (...given: unknown[]): unknown => {
    isAsking = true;
    timer.refresh();
    return query(...given);
  };
  client.query = ask as typeof client.query;
  client.on('drain', () => (isAsking = false));
  client.once('end', () => clearTimeout(timer));
}
