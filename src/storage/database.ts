import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { connectionsOf } from './connections.js';
import type { PrismaClient } from './generated/client.js';
import { PrimaryFinder } from './servers/find-primary.js';
import { giveUpTogether } from './servers/give-up-together.js';
import { tellOutages } from './servers/outages.js';
import { primaryClient } from './servers/primary-client.js';

/** The pool of connections that Prisma and the hand-written statements share, and the pool of the lease. */
@Injectable()
export class Database {
  readonly pool: pg.Pool;
  /**
   * The lease has its own connection: it does not wait behind calls, and it does not try one unresponsive connection
   * after another while the lease runs out.
   */
  readonly leasePool: pg.Pool;
  private opening: Promise<PrismaClient> | undefined;

  /** @param connections most of the pool; the one of the lease comes on top */
  constructor(url: string, connections = connectionsOf(1).each) {
    const finder = new PrimaryFinder(url);
    this.pool = openPool(finder, connections);
    this.leasePool = openPool(finder, 1);
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

function openPool(finder: PrimaryFinder, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: finder.anyUrl,
    Client: primaryClient(finder),
    max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    // The server gives up first, so that a statement has ended by the time that the client stops waiting for it.
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
    // A host that has gone without a word is noticed where connections are idle, too: ten unanswered probes later.
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'slipstream',
  });
  // The pool replaces a connection that breaks while idle; without a listener its error would end the process.
  pool.on('error', () => undefined);
  giveUpTogether(pool, () => finder.forget());
  tellOutages(pool);
  return pool;
}
