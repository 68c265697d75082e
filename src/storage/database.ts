import { Injectable } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';

/** The one pool of connections: Prisma and the hot statements share it. */
@Injectable()
export class Database {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;

  constructor(url: string) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: 20,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 60_000,
      // The server gives up first, so that a statement whose answer never came has had its outcome by then.
      statement_timeout: 10_000,
      query_timeout: 12_000,
      keepAlive: true,
      application_name: 'slipstream',
    });
    // A pooled connection that breaks while idle is replaced by the pool; without a listener it would end the process.
    this.pool.on('error', () => undefined);
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool) });
  }

  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await this.pool.end();
  }
}
