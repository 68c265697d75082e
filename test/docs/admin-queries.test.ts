import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { EXPECTED } from './admin-queries-expected.js';
import { seed } from './admin-queries-seed.js';

const text = readFileSync('docs/admin-queries.md', 'utf8');

/** Each question with its query. */
const queries = [...text.matchAll(/^### (.+)\n[^]*?^```sql\n([^]*?)^```$/gm)].map(
  ([, question = '', sql = '']) => ({ question, sql }),
);

let database: TestDatabase;
let client: PoolClient;
beforeAll(async () => {
  database = await createTestDatabase();
  await seed(database.pool);
  client = await database.pool.connect();
  await client.query('SET ROLE gateway_readonly');
});
afterAll(async () => {
  await client.query('RESET ROLE');
  client.release();
  await database.drop();
});

describe('docs/admin-queries.md', () => {
  it('has one query below each of its questions', () => {
    const headings = [...text.matchAll(/^### (.+)$/gm)].map(([, question]) => question);
    expect(queries.map(({ question }) => question)).toEqual(headings);
    expect(text.match(/^```sql$/gm)).toHaveLength(headings.length);
    expect(queries.map(({ question }) => question).sort()).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(queries)('$question', async ({ question, sql }) => {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    expect(rows).toEqual(EXPECTED[question]);
  });

  it('has a row for each view', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      `SELECT 'admin.' || viewname AS name FROM pg_views WHERE schemaname = 'admin' ORDER BY 1`,
    );
    const listed = [...text.matchAll(/^\| `(admin\.\w+)`/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual(rows.map(({ name }) => name));
  });
});
