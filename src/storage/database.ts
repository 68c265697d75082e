import { Injectable } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';

/** The one pool of connections: Prisma and the statements by hand share it. */
@Injectable()
export class Database {
  readonly pool: pg.Pool;
  /**
   * The lease has a connection of its own: it neither waits behind calls nor tries, while the lease runs out, one
   * connection after another that has fallen silent.
   */
  readonly leasePool: pg.Pool;
  readonly prisma: PrismaClient;

  constructor(url: string) {
    this.pool = openPool(url, 20);
    this.leasePool = openPool(url, 1);
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool) });
  }

  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await Promise.all([this.pool.end(), this.leasePool.end()]);
  }
}

function openPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    // The server gives up first, so that a statement whose answer never came has had its outcome by then.
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
    application_name: 'slipstream',
  });
  // A pooled connection that breaks while idle is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}
