import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '../../../src/storage/database.js';
import { PostgresRetentionStore } from '../../../src/storage/responses/postgres-retention-store.js';
import { Retention } from '../../../src/responses/retention.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const DAY_MS = 86_400_000;

let database: TestDatabase;
let storage: Database;
let retention: Retention;

beforeAll(async () => {
  database = await createTestDatabase();
  storage = new Database(database.url);
  retention = new Retention(new PostgresRetentionStore(storage), { keepMs: 30 * DAY_MS });
});
beforeEach(() =>
  database.pool.query(
    'TRUNCATE responses, response_items, response_events, conversations, conversation_items',
  ),
);
afterAll(async () => {
  await storage.close();
  await database.drop();
});

/** A stored response with an item and a logged event, last used so many days ago. */
async function response(
  id: string,
  days: number,
  {
    previous,
    running = false,
    deleted = false,
  }: { previous?: string; running?: boolean; deleted?: boolean } = {},
): Promise<void> {
  await database.pool.query(
    `INSERT INTO responses (id, account_id, status, model, previous_response_id, background, streamed, hold_id,
       process_id, created_at, finished_at, last_used_at, deleted_at)
     VALUES ($1, 'acme', $2, 'm', $3, true, true, $1, '', now(), $4, now() - make_interval(days => $5), $6)`,
    [
      id,
      running ? 'in_progress' : 'completed',
      previous ?? null,
      running ? null : new Date(Date.now() - days * DAY_MS),
      days,
      deleted ? new Date() : null,
    ],
  );
  await database.pool.query(
    `INSERT INTO response_items VALUES ($1, 0, 0, 'acme', 'msg_' || $1, '{"text":"\\u0000"}')`,
    [id],
  );
  await database.pool.query(
    `INSERT INTO response_events (response_id, account_id, sequence_number, type, event, created_at)
     SELECT $1, 'acme', n, 'x', '{}', now() - make_interval(days => $2) FROM generate_series(0, 3) AS n`,
    [id, days],
  );
}

async function left(table: string, column: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    `SELECT DISTINCT ${column} AS id FROM ${table} ORDER BY 1`,
  );
  return rows.map(({ id }) => id);
}

describe('retention', () => {
  it('purges what was last used before its time, with its items, and keeps what runs', async () => {
    await response('old', 31);
    await response('deleted', 31, { deleted: true });
    await response('young', 29);
    await response('running', 31, { running: true });
    await retention.purge();
    expect(await left('responses', 'id')).toEqual(['running', 'young']);
    expect(await left('response_items', 'response_id')).toEqual(['running', 'young']);
  });

  it('keeps an ancestor as long as a response that continues it, and purges a whole chain from its end', async () => {
    await response('root', 90);
    await response('middle', 60, { previous: 'root' });
    await response('young', 1, { previous: 'middle' });
    for (const [id, previous] of [
      ['a', undefined],
      ['b', 'a'],
      ['c', 'b'],
    ] as const)
      await response(id, 40, previous === undefined ? {} : { previous });
    await retention.purge();
    expect(await left('responses', 'id')).toEqual(['middle', 'root', 'young']);
  });

  it('purges logs a day after they began, whole, and only of what has ended', async () => {
    await response('yesterday', 2);
    await response('today', 0);
    await response('running', 2, { running: true });
    await retention.purge();
    expect(await left('response_events', 'response_id')).toEqual(['running', 'today']);
    expect(await left('responses', 'id')).toEqual(['running', 'today', 'yesterday']);
  });

  it('purges conversations that nobody uses', async () => {
    await database.pool.query(
      `INSERT INTO conversations (id, account_id, metadata, created_at, last_used_at)
       VALUES ('old', 'acme', '{}', now() - interval '40 days', now() - interval '31 days'), ('young', 'acme', '{}', now(), now()),
         ('in use', 'acme', '{}', now() - interval '40 days', now())`,
    );
    await database.pool.query(
      `INSERT INTO conversation_items VALUES ('old', 0, 'acme', 'msg_a', '{}'), ('young', 0, 'acme', 'msg_b', '{}')`,
    );
    await retention.purge();
    expect(await left('conversations', 'id')).toEqual(['in use', 'young']);
    expect(await left('conversation_items', 'conversation_id')).toEqual(['young']);
  });
});
