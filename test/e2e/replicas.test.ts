import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { applyMigrations } from '../../src/storage/migrations/apply-migrations.js';
import { expectSoundBooks } from '../support/books.js';
import { chatUsage } from '../support/chat-wire.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { ADMIN_TOKEN, fileFor, TestGateway } from '../support/gateway.js';
import { spentBy } from '../support/ledger-state.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { createEmptyTestDatabase, createTestDatabase, type TestDatabase } from '../support/test-database.js';

const body = { max_tokens: 100 };

let upstream: ScriptedUpstream;
beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

describe('many replicas that start together on an empty database', () => {
  let database: TestDatabase;
  let directory: string;
  beforeEach(async () => {
    database = await createEmptyTestDatabase();
    directory = await scratchDirectory();
  });
  afterEach(async () => {
    await GatewayProcess.endAll();
    await database.drop();
    await removeDirectory(directory);
  });

  it('all come up and serve, and apply the schema once', async () => {
    // Two as whole processes; the others do in this one what a start does, which is as hard on the database.
    const processes = Array.from({ length: 2 }, () =>
      GatewayProcess.start({
        directory,
        environment: testEnvironment(database.url),
        file: fileFor(upstream.url),
      }),
    );
    const replicas = Array.from({ length: 8 }, async () => {
      await applyMigrations(database.url);
      return TestGateway.start({ database, file: fileFor(upstream.url) });
    });
    const [started, served] = await Promise.all([Promise.all(processes), Promise.all(replicas)]);
    const { key } = await served[0]!.createKey();
    const answers = await Promise.all([
      ...served.map((replica) => replica.chat(key)),
      ...started.map(({ client }) => client.chat(key)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { rows: applied } = await database.pool.query<{ migration_name: string; times: number }>(
      'SELECT migration_name, count(*)::integer AS times FROM _prisma_migrations GROUP BY migration_name',
    );
    expect(applied.length).toBeGreaterThan(0);
    expect(applied).toEqual(applied.map((row) => ({ ...row, times: 1 })));
    const { rows: processRows } = await database.pool.query('SELECT FROM gateway_processes');
    expect(processRows).toHaveLength(10);
    // No first key: that is for the embedded database alone.
    expect((await database.pool.query('SELECT FROM api_keys')).rowCount).toBe(1);
    await Promise.all([...served.map((replica) => replica.close()), ...started.map((one) => one.stop())]);
  });
});

describe('two replicas', () => {
  let database: TestDatabase;
  let replicas: readonly TestGateway[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const file = fileFor(upstream.url, { provider: { max_connections: 400 } });
    replicas = await Promise.all([
      TestGateway.start({ database, file }),
      TestGateway.start({ database, file }),
    ]);
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await database.drop();
  });

  it('share one budget exactly: of 33 holds, 33 of 200 calls to both run', async () => {
    const [first] = replicas;
    const probe = await first!.createKey({ budget_limit: '1000000' });
    const hold = Number((await first!.chat(probe.key, body)).headers.get('x-compose-key-budget-reserved'));
    const { id, key } = await first!.createKey({ budget_limit: String(hold * 33) });
    const answered = await callTogether(key, 200);
    const statuses = answered.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(33);
    expect(statuses.filter((status) => status === 429)).toHaveLength(167);
    await Promise.all(answered.map((response) => response.text()));
    expect(await spentBy(database.pool, id)).toBe(33 * 21);
    await expectSoundBooks(database.pool);
  });

  /** To both in turn; the upstream answers nobody until every call is either there or refused. */
  async function callTogether(key: string, calls: number): Promise<Response[]> {
    upstream.reset();
    let refused = 0;
    let answer: () => void = () => undefined;
    const everybodyIsIn = new Promise<void>((resolve) => (answer = resolve));
    const check = (): void => {
      if (upstream.requests.length + refused === calls) answer();
    };
    upstream.always(async (exchange) => {
      check();
      await everybodyIsIn;
      await completion('Hi', chatUsage(10, 5))(exchange);
    });
    return Promise.all(
      Array.from({ length: calls }, async (_, index) => {
        const response = await replicas[index % replicas.length]!.chat(key, body);
        if (response.status !== 200) refused += 1;
        check();
        return response;
      }),
    );
  }

  it('make keys of one new account at the same time', async () => {
    const keys = await Promise.all(
      Array.from({ length: 20 }, (_, index) => replicas[index % 2]!.createKey({ account: 'brand-new' })),
    );
    expect(new Set(keys.map(({ id }) => id)).size).toBe(20);
  });

  it('agree at once about a key that one of them revoked, changed or made', async () => {
    const [first, second] = replicas;
    const { id, key } = await first!.createKey();
    expect((await second!.chat(key, body)).status).toBe(200);
    const admin = (method: string, change?: object): Promise<Response> =>
      fetch(`${first!.url}/admin/keys/${id}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
        ...(change ? { body: JSON.stringify(change) } : {}),
      });
    expect((await admin('PATCH', { allowed_models: ['another'] })).status).toBe(200);
    expect((await second!.chat(key, body)).status).toBe(403);
    expect((await admin('PATCH', { allowed_models: null, budget_limit: '0' })).status).toBe(200);
    expect((await second!.chat(key, body)).status).toBe(402);
    expect((await admin('PATCH', { budget_limit: null })).status).toBe(200);
    expect((await second!.chat(key, body)).status).toBe(200);
    expect((await admin('DELETE')).status).toBe(200);
    const refused = await second!.chat(key, body);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ error: { code: 'revoked_api_key' } });
  });
});
