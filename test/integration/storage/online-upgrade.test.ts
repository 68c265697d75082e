import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { createEmptyTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { TransactionPooler } from '../../support/transaction-pooler.js';
import { until } from '../../support/until.js';

/** What builds before `online-indexes` wait for at their start, in a statement. */
const LOCK_OF_EARLIER_BUILDS = 7_305_114_201;

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await createEmptyTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'slipstream-migrations-'));
  await write('20200101000000_table', 'CREATE TABLE words (word text, length int);');
  await applyMigrations(database.url, { directory });
  await database.pool.query(`INSERT INTO words SELECT n::text, n % 10 FROM generate_series(1, 1000) AS n`);
});

afterEach(async () => {
  await rm(directory, { recursive: true });
  await database.drop();
});

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(directory, name));
  await writeFile(join(directory, name, 'migration.sql'), sql);
}

/** Undefined: there is none. */
async function isValid(index: string): Promise<boolean | undefined> {
  const { rows } = await database.pool.query<{ valid: boolean }>(
    'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
    [index],
  );
  return rows[0]?.valid;
}

describe('an index that a migration adds to a table with rows', () => {
  it('is built while others write, and while starts of this build and of earlier ones wait', async () => {
    await write('20200102000000_before', 'CREATE TABLE before_index (id int);');
    await write(
      '20200103000000_index',
      `CREATE INDEX IF NOT EXISTS words_length_idx ON words (length)\n  WHERE word IS NOT NULL;`,
    );
    await write('20200104000000_after', 'CREATE TABLE after_index (id int);');
    const writer = await database.pool.connect();
    await writer.query(`BEGIN; INSERT INTO words VALUES ('slow')`);
    const starts = Array.from({ length: 3 }, () => applyMigrations(database.url, { directory }));
    await until(async () => (await isValid('words_length_idx')) === false);

    await database.pool.query(`INSERT INTO words VALUES ('quick')`);
    const earlier = await database.pool.connect();
    await earlier.query('SELECT pg_advisory_lock($1)', [LOCK_OF_EARLIER_BUILDS]);
    await earlier.query('SELECT pg_advisory_unlock($1)', [LOCK_OF_EARLIER_BUILDS]);
    earlier.release();

    await writer.query('COMMIT');
    writer.release();
    const applied = (await Promise.all(starts)).map((start) => start.applied);
    expect(applied.filter((names) => names.length > 0)).toEqual([
      ['20200102000000_before', '20200103000000_index', '20200104000000_after'],
    ]);
    expect(await isValid('words_length_idx')).toBe(true);
  });

  it('is built anew where an attempt was broken off', async () => {
    await write(
      '20200102000000_index',
      'CREATE UNIQUE INDEX IF NOT EXISTS "words_word_idx" ON words (word);',
    );
    await database.pool.query(`INSERT INTO words VALUES ('7')`);
    await expect(applyMigrations(database.url, { directory })).rejects.toThrow(
      'The index "words_word_idx" could not be built. The next start tries it again.',
    );
    expect(await isValid('words_word_idx')).toBe(false);
    await database.pool.query(`DELETE FROM words WHERE word = '7'`);
    expect((await applyMigrations(database.url, { directory })).applied).toEqual(['20200102000000_index']);
    expect(await isValid('words_word_idx')).toBe(true);
  });

  it('is built behind a pooler, which keeps nothing of it in its sessions', async () => {
    const pooler = await TransactionPooler.before(database.url, 2);
    try {
      await write('20200102000000_index', 'CREATE INDEX IF NOT EXISTS words_word_idx ON words (word);');
      const starts = Array.from({ length: 4 }, () => applyMigrations(pooler.url, { directory }));
      const applied = (await Promise.all(starts)).flatMap((start) => start.applied);
      expect(applied).toEqual(['20200102000000_index']);
      expect(await isValid('words_word_idx')).toBe(true);
      const session = new Pool({ connectionString: pooler.url, max: 1 });
      for (const name of ['lock_timeout', 'statement_timeout', 'lock_timeout', 'statement_timeout']) {
        expect((await session.query(`SHOW ${name}`)).rows).toEqual([{ [name]: '0' }]);
      }
      await session.end();
      const locks = await database.pool.query(
        `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE d.datname = current_database() AND l.locktype = 'advisory'`,
      );
      expect(locks.rowCount).toBe(0);
    } finally {
      await pooler.close();
    }
  });

  it('is built by the migration itself in an empty database', async () => {
    const empty = await createEmptyTestDatabase();
    try {
      await write('20200102000000_index', 'CREATE INDEX IF NOT EXISTS words_word_idx ON words (word);');
      const { applied } = await applyMigrations(empty.url, { directory });
      expect(applied).toEqual(['20200101000000_table', '20200102000000_index']);
    } finally {
      await empty.drop();
    }
  });
});

describe('a migration of a table that somebody reads for long', () => {
  it('lets calls through meanwhile, and is applied when the reader has ended', async () => {
    await write('20200102000000_column', 'ALTER TABLE words ADD COLUMN language text;');
    const reader = await database.pool.connect();
    await reader.query('BEGIN; SELECT count(*) FROM words');
    const applying = applyMigrations(database.url, { directory });
    await until(async () => (await waiting()) === 1);
    await database.pool.query(`INSERT INTO words VALUES ('quick')`);
    await until(async () => (await waiting()) === 0);
    await until(async () => (await waiting()) === 1);
    await database.pool.query(`INSERT INTO words VALUES ('quicker')`);
    await reader.query('COMMIT');
    reader.release();
    expect((await applying).applied).toEqual(['20200102000000_column']);
  });

  /** Statements that wait for a table. */
  async function waiting(): Promise<number> {
    const { rows } = await database.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE d.datname = current_database() AND l.locktype = 'relation' AND NOT l.granted`,
    );
    return rows[0]!.count;
  }
});
