import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyMigrations } from '../../../src/storage/migrations/apply-migrations.js';
import { codeBlocks } from '../../docs/markdown.js';
import { query, Scratch } from '../storage/scratch.js';

/** A server of its own: roles belong to a whole server, and here there is none yet. */
const scratch = new Scratch();
let superuser: string;

beforeAll(async () => {
  const { url } = await scratch.start(await scratch.directory());
  superuser = url;
  await query(superuser, `CREATE ROLE limited LOGIN PASSWORD 'limited' NOCREATEROLE`);
});
afterAll(() => scratch.clear());

/** A new database, as the user that may not create roles. */
async function database(name: string, options = 'OWNER limited'): Promise<string> {
  await query(superuser, `CREATE DATABASE ${name} ${options}`);
  const url = new URL(superuser);
  [url.username, url.password, url.pathname] = ['limited', 'limited', name];
  return url.href;
}

const asSuperuser = (url: string): string => {
  const result = new URL(superuser);
  result.pathname = new URL(url).pathname;
  return result.href;
};

async function canRead(url: string): Promise<boolean> {
  const [row] = await query(
    asSuperuser(url),
    `SELECT has_schema_privilege('gateway_readonly', 'admin', 'USAGE')
        AND has_table_privilege('gateway_readonly', 'admin.keys', 'SELECT') AS can`,
  );
  return (row as { can: boolean }).can;
}

it('databases that are migrated at the same moment agree on one role', async () => {
  const databases = ['first', 'second', 'third'];
  const urls = await Promise.all(databases.map((name) => database(name, '')));
  await Promise.all(urls.map((url) => applyMigrations(asSuperuser(url))));
  for (const url of urls) expect(await canRead(url)).toBe(true);
  for (const name of databases) await query(superuser, `DROP DATABASE ${name}`);
  await query(superuser, 'DROP ROLE gateway_readonly');
});

describe('for a database user that may not create roles', () => {
  it('the views are made without the role, which the statements of the documents add', async () => {
    const url = await database('without_role');
    await applyMigrations(url);
    expect(await query(url, 'SELECT 1 AS one FROM admin.keys')).toEqual([]);
    expect(await query(url, `SELECT rolname FROM pg_roles WHERE rolname = 'gateway_readonly'`)).toEqual([]);
    const [, makeRole = '', letIn = ''] = codeBlocks(readFileSync('docs/admin-queries.md', 'utf8'), 'text');
    await query(asSuperuser(url), makeRole);
    await query(url, letIn);
    expect(await canRead(url)).toBe(true);
  });

  it('a role that is there already gets its rights', async () => {
    const url = await database('with_role');
    await applyMigrations(url);
    expect(await canRead(url)).toBe(true);
  });

  it('the start says what to grant where the schema cannot be made, and goes on once it is', async () => {
    const url = await database('not_owned', '');
    await query(asSuperuser(url), 'GRANT CREATE, USAGE ON SCHEMA public TO limited');
    const failure = await applyMigrations(url).then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(failure).toMatch(/may not create the schema admin/);
    const [grant = ''] = /GRANT CREATE ON DATABASE not_owned TO limited/.exec(failure) ?? [];
    const [clear = ''] = /UPDATE _prisma_migrations.*;/.exec(failure) ?? [];
    await query(asSuperuser(url), grant);
    await query(url, clear);
    await applyMigrations(url);
    expect(await canRead(url)).toBe(true);
  });
});
