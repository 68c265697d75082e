import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Pool } from 'pg';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { migrationsDirectory, readMigrations } from '../../../src/storage/migrations/migrations-directory.js';
import { openSchemaEngine } from '../../../src/storage/migrations/schema-engine.js';
import { createEmptyTestDatabase, type TestDatabase } from '../../support/test-database.js';

describe('applyMigrations', () => {
  let database: TestDatabase;
  let directory: string;

  beforeEach(async () => {
    database = await createEmptyTestDatabase();
    directory = await mkdtemp(join(tmpdir(), 'slipstream-migrations-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
    await database.drop();
  });

  async function write(name: string, sql: string): Promise<void> {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  }

  it('applies every migration to an empty database exactly once when ten starts run at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => applyMigrations(database.url)));
    const names = (await readMigrations(migrationsDirectory())).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(0);
    expect(results.map(({ applied }) => applied).filter((applied) => applied.length > 0)).toEqual([names]);
  });

  it('applies only what is new, in the order of the names, and looks at directories alone', async () => {
    await write('20200101000000_first', 'CREATE TABLE first_table (id int);');
    await writeFile(join(directory, 'migration_lock.toml'), 'provider = "postgresql"\n');
    await applyMigrations(database.url, { directory });
    await write('20200103000000_third', 'DROP TABLE second_table;');
    await write('20200102000000_second', 'CREATE TABLE second_table (id int);');
    expect((await applyMigrations(database.url, { directory })).applied).toEqual([
      '20200102000000_second',
      '20200103000000_third',
    ]);
  });

  it('sends a script whole, so that semicolons in functions, literals and comments stay where they are', async () => {
    await write(
      '20200101000000_semicolons',
      `-- a comment; with a semicolon
       CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$;
       CREATE TABLE texts AS SELECT 'a;b' AS value;`,
    );
    await applyMigrations(database.url, { directory });
    const { rows } = await database.pool.query('SELECT two(), value FROM texts');
    expect(rows).toEqual([{ two: 2, value: 'a;b' }]);
  });

  it('names a failed migration, its error and the way out, leaves nothing of it behind, and goes on once cleared', async () => {
    const name = '20200101000000_broken';
    await write(name, 'CREATE TABLE half_done (id int); SELECT 1 / 0;');
    const expected = new RegExp(
      `"${name}" failed[^]*division by zero[^]*UPDATE _prisma_migrations[^]*${name}`,
    );
    await expect(applyMigrations(database.url, { directory })).rejects.toThrow(expected);
    await expect(applyMigrations(database.url, { directory })).rejects.toThrow(expected);
    expect((await database.pool.query(`SELECT to_regclass('half_done') AS found`)).rows).toEqual([
      { found: null },
    ]);

    const failure: unknown = await applyMigrations(database.url, { directory }).catch(
      (error: unknown) => error,
    );
    const remedy = /UPDATE _prisma_migrations.*;/.exec(String(failure))?.[0] ?? '';
    await database.pool.query(remedy);
    await write(name, 'CREATE TABLE half_done (id int);');
    expect((await applyMigrations(database.url, { directory })).applied).toEqual([name]);
  });

  it('leads to the same tables, columns and indexes as the schema file', async () => {
    await applyMigrations(database.url);
    const migrated = await shape(database.pool);
    const fresh = await createEmptyTestDatabase();
    try {
      await fresh.pool.query(await sqlOfSchema(fresh.url, 'schema.prisma'));
      expect(migrated.length).toBeGreaterThan(10);
      expect(migrated).toEqual(await shape(fresh.pool));
    } finally {
      await fresh.drop();
    }
  });

  it('are all applied to the schema that the next one is compared with', async () => {
    const [applied, wanted] = [
      await sqlOfSchema(database.url, 'applied.prisma'),
      await sqlOfSchema(database.url, 'schema.prisma'),
    ];
    expect(applied).toContain('CREATE TABLE "accounts"');
    expect(applied).toBe(wanted);
  });
});

async function sqlOfSchema(url: string, file: 'schema.prisma' | 'applied.prisma'): Promise<string> {
  const content = await readFile(join(migrationsDirectory(), '..', file), 'utf8');
  const opened = await openSchemaEngine(url);
  try {
    const { stdout } = await opened.engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout ?? '';
  } finally {
    await opened.close();
  }
}

/** What the schema file can say: functions, views and constraints of hand-written migrations are beyond it. */
async function shape(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ line: string }>(`
    SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, pg_get_expr(d.adbin, d.adrelid)) AS line
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
       AND indexdef NOT LIKE '% WHERE %'
    UNION ALL
    SELECT format('foreign key %s %s', conrelid::regclass, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
    ORDER BY 1`);
  return rows.map((row) => row.line);
}
