import pg from 'pg';
import { SILENT } from './break-when-silent.js';

const READ_ONLY = '25006';
/** How long the other side may take to end a connection that was given up. */
const GOODBYE_MS = 1_000;

/**
 * When a connection shows that its server has fallen silent, or takes no writes any more, all that were opened before
 * are given up with it: they would fail one after the other, each after its own time. A server that is there loses
 * nothing by it but some connections that are opened again.
 */
export function giveUpTogether(pool: pg.Pool, onGivenUp: () => void = () => undefined): void {
  const idle = new Set<pg.PoolClient>();
  let current = new WeakSet<pg.PoolClient>();
  pool.on('connect', (client) => current.add(client));
  pool.on('acquire', (client) => idle.delete(client));
  pool.on('remove', (client) => idle.delete(client));
  pool.on('release', (failure: unknown, client) => {
    if (isOfTheServer(failure)) {
      current = new WeakSet();
      for (const other of idle) giveUp(other);
      idle.clear();
      onGivenUp();
    }
    // The pool takes no connection back that is about to end.
    if (current.has(client)) idle.add(client);
    else end(client);
  });
}

function isOfTheServer(failure: unknown): boolean {
  if (failure instanceof pg.DatabaseError) return failure.code === READ_ONLY;
  return failure instanceof Error && failure.message === SILENT;
}

/** As if it had broken while it was idle: then the pool removes it at once. */
function giveUp(client: pg.PoolClient): void {
  client.emit('error', new Error('the connection was given up with others to its server'));
  end(client);
}

function end(client: pg.PoolClient): void {
  const timer = setTimeout(() => client.connection.stream.destroy(), GOODBYE_MS).unref();
  client.once('end', () => clearTimeout(timer));
  client.end().catch(() => undefined);
}
