import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { DatabaseAway } from '../base/errors/database-away.js';
import { PrismaClient } from './generated/client.js';

/** Codes of Prisma for databases that cannot be reached or do not answer, and those of Node that it hands on. */
const AWAY = /^(?:P10|E[A-Z]+$)/;

/** Prisma on a pool of connections. Imported on demand, since it is large and only operators need it. */
export function openPrisma(pool: pg.Pool): PrismaClient {
  const client = new PrismaClient({ adapter: new PrismaPg(pool) });
  const telling = client.$extends({
    query: {
      $allOperations: ({ args, query }) =>
        query(args).catch((failure: unknown) => {
          throw isAway(failure) ? new DatabaseAway(failure) : failure;
        }),
    },
  });
  // An extension of queries leaves what there is.
  return telling as unknown as PrismaClient;
}

function isAway(failure: unknown): failure is Error {
  return failure instanceof Error && 'code' in failure && AWAY.test(String(failure.code));
}
