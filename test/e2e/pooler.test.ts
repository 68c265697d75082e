import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkBooks } from '../../src/storage/ledger/check-books.js';
import { applyMigrations } from '../../src/storage/migrations/apply-migrations.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { GatewayClient } from '../support/gateway-client.js';
import { TestGateway } from '../support/gateway.js';
import { openHolds } from '../support/ledger-state.js';
import { ResponsesClient, textOf } from '../support/responses-client.js';
import { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { TransactionPooler } from '../support/transaction-pooler.js';
import { until } from '../support/until.js';

const ECHO = 'sandbox/echo';

let database: TestDatabase;
let pooler: TransactionPooler;

async function advisoryLocks(): Promise<number | null> {
  return (
    await database.pool.query(`SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory'`)
  ).rowCount;
}

/** What clients do, each kind once; each proves its own answer. */
async function everything(url: string, key: string, turn: number): Promise<void> {
  const responses = new ResponsesClient(url, key, '/v1');
  const gateway = new GatewayClient(url);
  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  expect((await gateway.chat(key, { model: ECHO, store: true })).status).toBe(200);
  expect(await (await gateway.chat(key, { model: ECHO, stream: true })).text()).toContain('compose.receipt');

  const first = await responses.created({ model: ECHO, input: 'one' });
  const next = await responses.streamed({ model: ECHO, input: 'two', previous_response_id: first.id });
  expect(textOf(next.response)).toBe('two');
  const accepted = await responses.created({ model: ECHO, background: true });
  await until(async () => (await responses.found(accepted.id)).status === 'completed');
  await (await responses.erase(first.id)).text();

  const conversation = (await (await post('/v1/conversations', {})).json()) as { id: string };
  const turns = [1, 2].map(() => responses.create({ model: ECHO, conversation: conversation.id }));
  for (const answer of await Promise.all(turns)) expect([200, 409]).toContain(answer.status);

  const once = { 'idempotency-key': `turn-${turn}` };
  const body = { model: ECHO, messages: [{ role: 'user', content: 'Hi' }] };
  const twice = await Promise.all([1, 2].map(() => post('/v1/chat/completions', body, once)));
  const ids = await Promise.all(twice.map(async (answer) => ((await answer.json()) as { id: string }).id));
  expect(ids[0]).toBe(ids[1]);

  const submitted = await post('/v1/videos', { model: 'sandbox/video:seconds=1', prompt: 'A cat' });
  const { id: videoId } = (await submitted.json()) as { id: string };
  const video = async (): Promise<string> => {
    const answer = await fetch(`${url}/v1/videos/${videoId}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    return ((await answer.json()) as { status: string }).status;
  };
  await until(async () => (await video()) === 'completed');
}

describe('replicas behind a pooler in transaction mode', () => {
  beforeEach(async () => {
    database = await createTestDatabase();
    pooler = await TransactionPooler.before(database.url);
  });
  afterEach(async () => {
    await pooler.close();
    await database.drop();
  });

  it('do all that they do, and keep their books', async () => {
    const options = { database: { ...database, url: pooler.url } };
    const replicas = await Promise.all([TestGateway.start(options), TestGateway.start(options)]);
    const { key } = await replicas[0].createKey();
    await Promise.all(Array.from({ length: 8 }, (_, turn) => everything(replicas[turn % 2]!.url, key, turn)));
    const operator = new GatewayClient(replicas[1].url);
    for (const list of ['keys', 'responses', 'receipts', 'usage']) {
      expect((await operator.admin(`/admin/${list}`, 'GET')).status).toBe(200);
    }
    await Promise.all(replicas.map((replica) => replica.idle()));
    await until(async () => (await openHolds(database.pool)).length === 0);
    expect(await checkBooks(pooler.url)).toMatchObject({ openHolds: 0, differences: [] });
    await Promise.all(replicas.map((replica) => replica.close()));
    expect(await advisoryLocks()).toBe(0);
  });
});

describe('starts behind a pooler in transaction mode', () => {
  let directory: string;
  beforeEach(async () => {
    database = await createEmptyTestDatabase();
    pooler = await TransactionPooler.before(database.url);
    directory = await scratchDirectory();
  });
  afterEach(async () => {
    await GatewayProcess.endAll();
    await pooler.close();
    await database.drop();
    await removeDirectory(directory);
  });

  it('apply the schema once, also when more of them wait than the pooler has sessions', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => applyMigrations(pooler.url)));
    expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    expect(await advisoryLocks()).toBe(0);
  });

  it('bring the schema up to date past a pooler that has too few sessions for it', async () => {
    const narrow = await TransactionPooler.before(database.url, 1);
    const environment = testEnvironment(narrow.url, { DATABASE_DIRECT_URL: database.url });
    const gateway = await GatewayProcess.start({ directory, environment });
    const { key } = await gateway.client.createKey();
    expect((await gateway.client.chat(key, { model: ECHO })).status).toBe(200);
    await gateway.stop();
    await narrow.close();
  });

  it('tell the operator what the pooler takes away, and serve', async () => {
    const environment = testEnvironment(pooler.url, { LOG_LEVEL: 'info', WORKERS: '2' });
    const gateway = await GatewayProcess.start({ directory, environment });
    const { key } = await gateway.client.createKey();
    expect((await gateway.client.chat(key, { model: ECHO })).status).toBe(200);
    expect(gateway.stdout).toContain('PostgreSQL is reached through a pooler');
    expect(gateway.stdout).toContain('SET statement_timeout = 10000');
    await gateway.stop();
    expect((await database.pool.query('SELECT FROM gateway_processes')).rowCount).toBe(0);
  });
});
