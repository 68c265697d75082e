import { Injectable } from '@nestjs/common';
import pg from 'pg';
import type { PreparedStatements } from '../base/config.js';
import { connectionsOf } from './connections.js';
import { DatabaseClock } from './database-clock.js';
import { statementFailure } from './database-failure.js';
import type { PrismaClient } from './generated/client.js';
import { lookAtEnd, prepareWithoutNames } from './pooled-connection.js';
import { breakWhenSilent } from './servers/break-when-silent.js';
import { PrimaryFinder } from './servers/find-primary.js';
import { giveUpTogether } from './servers/give-up-together.js';
import { primaryClient } from './servers/primary-client.js';

/** The server gives up first, so that a statement has ended by the time that the client stops waiting for it. */
const STATEMENT_TIMEOUT_MS = 10_000;
const QUERY_TIMEOUT_MS = 12_000;
/** As many connections as calls and upkeep use at once, whose statements go in batches. */
const KEPT_OPEN = 4;

export interface DatabaseOptions {
  /** Most of the pool; the one of the lease comes on top. */
  readonly connections?: number;
  /** `auto` unless given. */
  readonly preparedStatements?: PreparedStatements;
}

/** The pool of connections that Prisma and the hand-written statements share, and the pool of the lease. */
@Injectable()
export class Database {
  readonly pool: pg.Pool;
  /**
   * The lease has its own connection: it does not wait behind calls, and it does not try one unresponsive connection
   * after another while the lease runs out.
   */
  readonly leasePool: pg.Pool;
  /** Compared at each renewal of the lease. */
  readonly clock = new DatabaseClock();
  private opening: Promise<PrismaClient> | undefined;

  constructor(
    url: string,
    { connections = connectionsOf(1).each, preparedStatements = 'auto' }: DatabaseOptions = {},
  ) {
    const finder = new PrimaryFinder(url);
    this.pool = openPool(finder, connections, preparedStatements);
    this.leasePool = openPool(finder, 1, preparedStatements);
  }

  /** Prisma, loaded when it is first asked for: a process that only serves clients never does. */
  prisma(): Promise<PrismaClient> {
    return (this.opening ??= import('./open-prisma.js').then(({ openPrisma }) => openPrisma(this.pool)));
  }

  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.opening?.then(
      (prisma) => prisma.$disconnect(),
      () => undefined,
    );
    await Promise.all([this.pool.end(), this.leasePool.end()]);
  }
}

function openPool(finder: PrimaryFinder, max: number, preparedStatements: PreparedStatements): pg.Pool {
  const begin = async (client: pg.ClientBase): Promise<void> => {
    const { isPooled } = await lookAtEnd(client, STATEMENT_TIMEOUT_MS);
    const hasNames = preparedStatements === 'auto' ? !isPooled : preparedStatements === 'on';
    if (!hasNames) prepareWithoutNames(client);
  };
  const pool = new pg.Pool({
    connectionString: finder.anyUrl,
    Client: primaryClient(finder),
    max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    // A call after a quiet time does not wait for a connection, and connections up to these need no timer for each use.
    min: Math.min(KEPT_OPEN, max),
    keepAlive: true,
    // A host that has gone without a word is noticed where connections are idle, too: ten unanswered probes later.
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'slipstream',
    // A promise, for which the pool waits, whatever its types say.
    onConnect: (client): unknown => begin(client),
  });
  // The pool replaces a connection that breaks while idle; without a listener its error would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => breakWhenSilent(client, QUERY_TIMEOUT_MS));
  giveUpTogether(pool, () => finder.forget());
  return telling(pool);
}

/** Lets statements that get no answer fail with `DatabaseAway`. */
function telling(pool: pg.Pool): pg.Pool {
  const query = pool.query.bind(pool) as (...given: unknown[]) => Promise<unknown>;
  const ask = (...given: unknown[]): Promise<unknown> =>
    query(...given).catch((failure: unknown) => {
      throw statementFailure(failure);
    });
  pool.query = ask as typeof pool.query;
  return pool;
}
