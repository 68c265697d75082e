import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chatAnswer } from '../../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { createTestDatabase, ON_SHARDS, type TestDatabase } from '../../support/test-database.js';

const onShards = ON_SHARDS ? describe : describe.skip;

/** Needs a cluster: see docs/scale.md. Citus itself counts what goes to one shard, and what goes to several. */
onShards('on a cluster, what a client asks for', () => {
  let upstream: ScriptedUpstream;
  let database: TestDatabase;
  let gateway: TestGateway;
  let key: CreatedKey;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    database = await createTestDatabase();
    const { pathname } = new URL(database.url);
    await database.pool.query(`ALTER DATABASE ${pathname.slice(1)} SET citus.enable_stat_counters = on`);
    // Sweeps look at all shards; none falls into this test but those of the start.
    const environment = { LEASE_MS: '600000' };
    gateway = await TestGateway.start({ file: fileFor(upstream.url), database, environment });
    key = await gateway.createKey();
  });
  afterAll(async () => {
    await gateway.close();
    await database.drop();
    await upstream.close();
  });

  async function counted(work: () => Promise<unknown>): Promise<{ single: number; multi: number }> {
    const before = await counters();
    await work();
    await gateway.idle();
    const after = await counters();
    return { single: after.single - before.single, multi: after.multi - before.multi };
  }

  async function counters(): Promise<{ single: number; multi: number }> {
    const { rows } = await gateway.pool.query<{ single: number; multi: number }>(
      `SELECT query_execution_single_shard::int AS single, query_execution_multi_shard::int AS multi
       FROM citus_stat_counters WHERE name = current_database()`,
    );
    return rows[0] ?? { single: 0, multi: 0 };
  }

  async function ask(method: string, path: string, body?: object, headers = {}): Promise<{ id: string }> {
    const answer = await fetch(`${gateway.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json', ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { id: string };
  }

  const turn = (more: object = {}): Promise<{ id: string }> =>
    ask('POST', '/responses', { model: 'test-model', input: 'Hi', ...more });

  it('touches no shard for a call that stores nothing', async () => {
    const count = await counted(async () => {
      upstream.next((exchange) => exchange.json(chatAnswer({ content: 'x' })));
      await gateway.chat(key.key);
    });
    expect(count).toEqual({ single: 0, multi: 0 });
  });

  it('goes to one shard for a chain of responses', async () => {
    const count = await counted(async () => {
      const { id } = await turn();
      const next = await turn({ previous_response_id: id });
      await ask('GET', `/responses/${next.id}`);
      await ask('GET', `/responses/${next.id}/input_items`);
      await ask('DELETE', `/responses/${next.id}`);
    });
    expect(count.single).toBeGreaterThan(8);
    expect(count.multi).toBe(0);
  });

  it('goes to one shard for a conversation', async () => {
    const count = await counted(async () => {
      const { id } = await ask('POST', '/conversations', {
        items: [{ type: 'message', role: 'user', content: 'Hi' }],
      });
      await turn({ conversation: id });
      await ask('GET', `/conversations/${id}/items`);
      await ask('DELETE', `/conversations/${id}`);
    });
    expect(count.single).toBeGreaterThan(8);
    expect(count.multi).toBe(0);
  });

  it('goes to one shard for a stored completion, and for a request that runs once', async () => {
    const count = await counted(async () => {
      const body = { model: 'test-model', messages: [{ role: 'user', content: 'Hi' }] };
      await ask('POST', '/chat/completions', { ...body, store: true });
      await ask('GET', '/chat/completions');
      const once = { 'idempotency-key': 'one' };
      const first = await ask('POST', '/chat/completions', body, once);
      const second = await ask('POST', '/chat/completions', body, once);
      expect(second).toEqual(first);
    });
    expect(count.single).toBeGreaterThan(4);
    expect(count.multi).toBe(0);
  });
});
