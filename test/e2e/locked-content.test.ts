import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { expectSoundBooks } from '../support/books.js';
import { TestGateway, type CreatedKey } from '../support/gateway.js';
import { until } from '../support/until.js';

/** More requests than the gateway has connections. */
const REQUESTS = 24;
const WAITING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

let gateway: TestGateway;
let owner: CreatedKey;
let other: CreatedKey;

beforeAll(async () => {
  gateway = await TestGateway.start();
  owner = await gateway.createKey({ account: 'owner' });
  other = await gateway.createKey({ account: 'other' });
});
afterEach(async () => {
  await gateway.idle();
  await expectSoundBooks(gateway.pool);
});
afterAll(() => gateway.close());

async function asOwner(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gateway.url}/external/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${owner.key}` },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** @returns the id of what a request has made */
async function made(path: string, body: object): Promise<string> {
  return ((await (await asOwner('POST', path, body)).json()) as { id: string }).id;
}

/** Somebody who works on the row, or a process that stopped in the middle of it. */
async function locking(table: 'conversations' | 'responses', id: string): Promise<PoolClient> {
  const operator = await gateway.database.pool.connect();
  await operator.query('BEGIN');
  const { rowCount } = await operator.query(`SELECT FROM ${table} WHERE id = $1 FOR UPDATE`, [id]);
  expect(rowCount).toBe(1);
  return operator;
}

interface Content {
  readonly table: 'conversations' | 'responses';
  readonly make: () => Promise<string>;
  readonly ask: (id: string, index: number) => Promise<Response>;
  /** Of the requests, once the row is free. */
  readonly statuses: Readonly<Record<number, number>>;
}

const ITEM = { type: 'message', role: 'user', content: 'Hello' };
const echo = (fields: object) => ({ model: 'sandbox/echo', ...fields });
const completion = (fields: object) =>
  echo({ store: true, messages: [{ role: 'user', content: 'Hi' }], ...fields });

const CONTENTS: Readonly<Record<string, Content>> = {
  'a conversation, by what changes it': {
    table: 'conversations',
    make: () => made('conversations', {}),
    ask: (id, index) =>
      index % 2 === 0
        ? asOwner('POST', `conversations/${id}/items`, { items: [ITEM] })
        : asOwner('POST', `conversations/${id}`, { metadata: { index: String(index) } }),
    statuses: { 200: REQUESTS },
  },
  'a conversation, by calls': {
    table: 'conversations',
    make: () => made('conversations', {}),
    ask: (id) => asOwner('POST', 'responses', echo({ input: 'Hi', conversation: id })),
    statuses: { 200: REQUESTS },
  },
  'a stored completion': {
    table: 'responses',
    make: () => made('chat/completions', completion({ metadata: { a: 'b' } })),
    ask: (id, index) => asOwner('POST', `chat/completions/${id}`, { metadata: { index: String(index) } }),
    statuses: { 200: REQUESTS },
  },
  'a response, by its deletion': {
    table: 'responses',
    make: () => made('responses', echo({ input: 'Hi' })),
    ask: (id) => asOwner('DELETE', `responses/${id}`),
    statuses: { 200: 1, 404: REQUESTS - 1 },
  },
};

it.each(Object.entries(CONTENTS))(
  'lets other tenants call while %s, which is locked, is waited for',
  async (_name, { table, make, ask, statuses }) => {
    const id = await make();
    const operator = await locking(table, id);
    const waiting = Array.from({ length: REQUESTS }, (_, index) => ask(id, index));
    try {
      await until(async () => (await gateway.database.pool.query(WAITING)).rowCount !== 0);
      // It would wait for a connection, and so for the operator, if every request for the locked row kept one.
      expect((await gateway.chat(other.key, { model: 'sandbox/echo' })).status).toBe(200);
    } finally {
      await operator.query('ROLLBACK');
      operator.release();
    }
    const seen: Record<number, number> = {};
    for (const { status } of await Promise.all(waiting)) seen[status] = (seen[status] ?? 0) + 1;
    expect(seen).toEqual(statuses);
  },
);
