import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse, usageChunk } from '../support/chat-wire.js';
import { nextStalls, says } from '../support/chat-scripts.js';
import { ADMIN_TOKEN, fileFor, TestGateway, type CreatedKey } from '../support/gateway.js';
import { ResponsesClient } from '../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { expectSoundBooks } from '../support/books.js';
import { until } from '../support/until.js';

/** The database refuses to store it: what a record that cannot be written is like. */
const UNWRITABLE = 'unwritable';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let hostile: CreatedKey;
let other: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url), environment: { LEASE_MS: '12000' } });
  await gateway.pool.query(
    `ALTER TABLE response_items ADD CHECK (direction = 0 OR item::text NOT LIKE '%${UNWRITABLE}%')`,
  );
});
beforeEach(async () => {
  upstream.reset();
  hostile = await gateway.createKey({ account: 'hostile', budget_limit: '1000000000000' });
  other = await gateway.createKey({ account: 'other', budget_limit: '1000000' });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const deepAnnotation = (depth: number): string =>
  `data: {"choices":[{"index":0,"delta":{"annotations":[{"type":"url_citation","q":${'['.repeat(depth)}${']'.repeat(depth)}}]}}]}\n\n`;

async function expectSettled({ id }: CreatedKey): Promise<void> {
  await gateway.idle();
  const { spent, held } = await gateway.keyBudget(id);
  expect(held).toBe(0);
  expect(spent).toBeGreaterThan(0);
}

/** Another tenant's stream, from before until after: all of its words, in order, and its end. */
async function besideAStream(attack: () => Promise<void>): Promise<void> {
  const begun = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'one ' }));
  const response = gateway.chat(other.key, { stream: true });
  const exchange = await begun;
  await attack();
  await exchange.send(
    sse(chatChunk({ content: 'two' }), chatChunk({}, 'stop'), usageChunk(chatUsage(10, 2))),
  );
  exchange.end('data: [DONE]\n\n');
  const text = await (await response).text();
  const words = [...text.matchAll(/"content":"([^"]+)"|data: (\[DONE\])/g)].map(
    ([, word, end]) => word ?? end,
  );
  expect(words).toEqual(['one ', 'two', '[DONE]']);
  await expectSettled(other);
}

describe('beside another tenant, whose stream notices nothing,', () => {
  it.each([3_000_000_000, 9e15])('an upstream may count %p tokens in mid-stream', async (tokens) => {
    await besideAStream(async () => {
      const begun = nextStalls(upstream, chatChunk({ content: 'a' }), usageChunk(chatUsage(tokens, tokens)));
      const response = gateway.chat(hostile.key, { stream: true });
      const exchange = await begun;
      await renewals(2);
      exchange.end(sse(chatChunk({}, 'stop')) + 'data: [DONE]\n\n');
      expect(await (await response).text()).toMatch(/data: \[DONE\]\n\n$/);
    });
    await gateway.idle();
    expect((await gateway.keyBudget(hostile.id)).held).toBe(0);
  });

  it.each(['responses', 'chat'])('an answer may be nested too deeply (%s)', async (surface) => {
    await besideAStream(async () => {
      upstream.next((exchange) => {
        exchange.end(
          sse(chatChunk({ content: 'a'.repeat(400) })) +
            deepAnnotation(100_000) +
            sse(chatChunk({}, 'stop'), usageChunk(chatUsage(1000, 500))) +
            'data: [DONE]\n\n',
        );
      });
      const response =
        surface === 'chat'
          ? await gateway.chat(hostile.key, { stream: true, store: true })
          : await new ResponsesClient(gateway.url, hostile.key).create({ stream: true });
      const text = await response.text();
      expect(text).toMatch(/data: \[DONE\]\n\n$/);
      if (surface === 'responses') expect(text).toMatch(/event: response\.(completed|failed)\n/);
    });
    await expectSettled(hostile);
  });

  it('an answer that cannot be stored is charged, and its stream says so', async () => {
    const client = new ResponsesClient(gateway.url, hostile.key);
    await besideAStream(async () => {
      upstream.next(says([{ content: UNWRITABLE }]));
      const text = await (await client.create({ stream: true })).text();
      expect(text).toMatch(/event: error\n[^]*event: response\.failed\n[^]*data: \[DONE\]\n\n$/);
    });
    upstream.next(says([{ content: UNWRITABLE }]));
    const { events, response } = await client.streamed();
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['error', 'response.failed']);
    expect(response).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(await client.found(response.id)).toMatchObject({ status: 'failed', output: [] });
    await expectSettled(hostile);
  });

  it('a whole answer that cannot be stored is charged, and a Response that failed', async () => {
    upstream.next(says([{ content: UNWRITABLE }]));
    const body = await new ResponsesClient(gateway.url, hostile.key).created();
    expect(body).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    await expectSettled(hostile);
  });

  it('a completion that cannot be stored is answered and charged', async () => {
    upstream.next(says([{ content: UNWRITABLE }]));
    const response = await gateway.chat(hostile.key, { store: true });
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: UNWRITABLE } }] });
    await expectSettled(hostile);
  });
});

/** Waits for so many renewals of the lease. */
async function renewals(count: number): Promise<void> {
  const lease = async () =>
    (
      await gateway.pool.query<{ at: string }>(
        'SELECT max(lease_expires_at)::text AS at FROM gateway_processes',
      )
    ).rows[0]?.at;
  for (let seen = 0; seen < count; seen += 1) {
    const before = await lease();
    await until(async () => (await lease()) !== before);
  }
}

describe('what an account stores', () => {
  const account = async (): Promise<{ stored_bytes: number }> =>
    (await admin('GET')).json() as Promise<{ stored_bytes: number }>;
  const admin = (method: string, body?: object): Promise<Response> =>
    fetch(`${gateway.url}/admin/accounts/hostile`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body && { body: JSON.stringify(body) }),
    });
  const post = (path: string, body: object, headers = {}): Promise<Response> =>
    fetch(`${gateway.url}/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hostile.key}`, ...headers },
      body: JSON.stringify(body),
    });
  const message = (text: string): object => ({ type: 'message', role: 'user', content: text });

  it('is counted, and bounded: beyond it what would store is refused before it runs', async () => {
    upstream.always(says([{ content: 'Hello!' }]));
    const client = new ResponsesClient(gateway.url, hostile.key);
    const first = await client.created();
    const before = await account();
    const kept = await post('/conversations', { items: [message('x'.repeat(5_000))] });
    const { id } = (await kept.json()) as { id: string };
    const { stored_bytes: used } = await account();
    expect(used - before.stored_bytes).toBeGreaterThan(5_000);
    expect(used - before.stored_bytes).toBeLessThan(7_000);

    expect(await (await admin('PATCH', { max_stored_bytes: used })).json()).toMatchObject({
      id: 'hostile',
      max_stored_bytes: used,
    });
    const asked = upstream.requests.length;
    const spent = await gateway.keyBudget(hostile.id);
    const refusals = await Promise.all([
      client.create(),
      client.create({ stream: true }),
      client.create({ background: true }),
      client.create({ store: false, conversation: id }),
      gateway.chat(hostile.key, { store: true }),
      gateway.chat(hostile.key, {}, { headers: { 'idempotency-key': 'once' } }),
      post('/conversations', {}),
      post(`/conversations/${id}`, { metadata: { a: 'b' } }),
      post(`/conversations/${id}/items`, { items: [message('more')] }),
    ]);
    for (const refusal of refusals) {
      expect(refusal.status).toBe(403);
      expect(await refusal.json()).toMatchObject({
        error: { code: 'storage_limit_exceeded', type: 'permission_error' },
      });
    }
    expect(upstream.requests).toHaveLength(asked);
    expect(await gateway.keyBudget(hostile.id)).toEqual(spent);
    // A refusal counts for the rate like any other request.
    const hurried = await gateway.createKey({ account: 'hostile', rate_limit_rpm: 1 });
    const store = () => gateway.chat(hurried.key, { store: true });
    expect([(await store()).status, (await store()).status]).toEqual([403, 429]);
    expect((await client.create({ store: false })).status).toBe(200);
    expect((await gateway.chat(hostile.key)).status).toBe(200);
    expect((await gateway.chat(other.key, { store: true })).status).toBe(200);

    expect((await client.erase(first.id)).status).toBe(200);
    await fetch(`${gateway.url}/v1/conversations/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${hostile.key}` },
    });
    expect((await client.create()).status).toBe(200);
    await admin('PATCH', { max_stored_bytes: null });
  });

  it('agrees with what is there, whatever was written and erased', async () => {
    await until(async () => (await gateway.pool.query('SELECT FROM stored_changes')).rowCount === 0);
    await expectSoundBooks(gateway.pool);
    const { rows } = await gateway.pool.query('SELECT FROM accounts WHERE stored_bytes > 0');
    expect(rows.length).toBeGreaterThan(1);
  });
});
