import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { migrationsDirectory, readMigrations } from '../../../src/storage/migrations/migrations-directory.js';
import { createEmptyTestDatabase, type TestDatabase } from '../../support/test-database.js';

interface Landed {
  /** The last one that its build had. */
  readonly migration: string;
  readonly at: string;
  readonly key: string;
  readonly rows: Readonly<Record<string, readonly object[]>>;
}

export interface LandedDatabase {
  readonly database: TestDatabase;
  readonly key: string;
  /** What it had, by table. */
  readonly rows: Landed['rows'];
}

/**
 * A database as an earlier build left it that was killed in the middle of its work (`landed-rows.json`): with the
 * migrations of that time, and its times moved to now, but for those of receipts, which are signed. What came after it
 * is for whoever starts on it.
 */
export async function landedDatabase(): Promise<LandedDatabase> {
  const text = await readFile(new URL('landed-rows.json', import.meta.url), 'utf8');
  const { migration, at, key, rows } = JSON.parse(text) as Landed;
  const database = await createEmptyTestDatabase();
  await migrateTo(migration, database.url);
  const client = await database.pool.connect();
  try {
    // Rows name each other, and what they cause has been written with them.
    await client.query('SET session_replication_role = replica');
    for (const [table, values] of Object.entries(rows))
      await client.query(`INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [
        JSON.stringify(values),
      ]);
    await client.query('RESET session_replication_role');
  } finally {
    client.release();
  }
  await moveTimes(database.pool, at);
  return { database, key, rows };
}

async function migrateTo(last: string, url: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'slipstream-landed-'));
  try {
    const names = (await readMigrations(migrationsDirectory())).map(({ name }) => name);
    for (const name of names.filter((name) => name <= last))
      await cp(join(migrationsDirectory(), name), join(directory, name), { recursive: true });
    await applyMigrations(url, { directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function moveTimes(pool: Pool, at: string): Promise<void> {
  const { rows } = await pool.query<{ table_name: string; column_name: string }>(
    `SELECT c.table_name, c.column_name FROM information_schema.columns c
     JOIN information_schema.tables t USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
       AND c.data_type = 'timestamp with time zone' AND c.table_name NOT IN ('_prisma_migrations', 'receipts')`,
  );
  const client = await pool.connect();
  try {
    await client.query('SET session_replication_role = replica');
    for (const { table_name, column_name } of rows)
      await client.query(
        `UPDATE ${table_name} SET ${column_name} = ${column_name} + (now() - $1::timestamptz)`,
        [at],
      );
    await client.query('RESET session_replication_role');
  } finally {
    client.release();
  }
}
