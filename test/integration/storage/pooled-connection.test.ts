import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Database, type DatabaseOptions } from '../../../src/storage/database.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { TransactionPooler } from '../../support/transaction-pooler.js';

const NAMED = { name: 'count_to', text: 'SELECT $1::int AS count' };

let server: TestDatabase;
let pooler: TransactionPooler;
let opened: Database | undefined;

beforeEach(async () => {
  server = await createTestDatabase();
  pooler = await TransactionPooler.before(server.url);
});
afterEach(async () => {
  await opened?.close();
  opened = undefined;
  await pooler.close();
  await server.drop();
});

function open(url: string, options: DatabaseOptions = {}): Database {
  return (opened = new Database(url, { connections: 1, ...options }));
}

/** One statement after the other, each of which may meet another session behind a pooler. */
async function counted(database: Database, to = 6): Promise<readonly number[]> {
  const counts: number[] = [];
  for (let count = 0; count < to; count += 1) {
    const { rows } = await database.pool.query<{ count: number }>({ ...NAMED, values: [count] });
    counts.push(rows[0]!.count);
  }
  return counts;
}

async function namesIn(database: Database): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ name: string }>('SELECT name FROM pg_prepared_statements');
  return rows.map(({ name }) => name);
}

async function timeoutsIn(database: Database, times = 6): Promise<readonly string[]> {
  const timeouts: string[] = [];
  for (let time = 0; time < times; time += 1) {
    const { rows } = await database.pool.query<{ statement_timeout: string }>('SHOW statement_timeout');
    timeouts.push(rows[0]!.statement_timeout);
  }
  return timeouts;
}

describe('a connection to PostgreSQL itself', () => {
  it('remembers statements by their names, and has a bound for them', async () => {
    const database = open(server.url);
    expect(await counted(database)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await namesIn(database)).toEqual(['count_to']);
    expect(await timeoutsIn(database, 1)).toEqual(['10s']);
  });

  it('remembers none where it is told so', async () => {
    const database = open(server.url, { preparedStatements: 'off' });
    expect(await counted(database)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await namesIn(database)).toEqual([]);
    expect(await timeoutsIn(database, 1)).toEqual(['10s']);
  });
});

describe('a connection to a pooler', () => {
  it('leaves nothing in the sessions, which others get after it', async () => {
    // A parameter of Prisma's, which hosts put into the addresses of their poolers.
    const database = open(`${pooler.url}?pgbouncer=true`);
    expect(await counted(database)).toEqual([0, 1, 2, 3, 4, 5]);
    for (let session = 0; session < 4; session += 1) expect(await namesIn(database)).toEqual([]);
    expect(new Set(await timeoutsIn(database))).toEqual(new Set(['0']));
  });

  it('names statements where it is told so, which such a pooler does not bear', async () => {
    const database = open(pooler.url, { preparedStatements: 'on' });
    await expect(counted(database)).rejects.toThrow('prepared statement "count_to" does not exist');
  });
});
