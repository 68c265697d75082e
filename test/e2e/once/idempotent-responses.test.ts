import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import { fileFor, TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function call(method: string, path: string, { name, body }: { name?: string; body?: object } = {}) {
  return fetch(`${gateway.url}/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${created.key}`,
      ...(name === undefined ? {} : { 'idempotency-key': name }),
    },
    ...(body && { body: JSON.stringify({ model: 'test-model', ...body }) }),
  });
}

const idOf = (text: string): string => (JSON.parse(text) as { id: string }).id;

describe('Responses that are sent again', () => {
  it('are compacted once', async () => {
    const body = { input: [{ role: 'user', content: 'Remember this' }] };
    const text = await (await call('POST', '/responses/compact', { name: 'compact', body })).text();
    const again = await call('POST', '/responses/compact', { name: 'compact', body });
    expect(await again.text()).toBe(text);
    expect(again.headers.get('x-compose-idempotent-replay')).toBe('true');
    expect(upstream.requests).toHaveLength(1);
  });

  it('are compacted once, and to the letter, when the budget does not cover the price', async () => {
    created = await gateway.createKey({ budget_limit: '2500' });
    upstream.always(completion('Remembered', chatUsage(10, 5_000)));
    const body = { input: [{ role: 'user', content: 'Remember this' }] };
    const text = await (await call('POST', '/responses/compact', { name: 'overrun', body })).text();
    expect(text).toContain('"overrun"');
    expect(await (await call('POST', '/responses/compact', { name: 'overrun', body })).text()).toBe(text);
  });

  it('add one turn to their conversation', async () => {
    const conversation = idOf(await (await call('POST', '/conversations', { body: {} })).text());
    const turn = { name: 'turn', body: { input: 'Hi', conversation } };
    const text = await (await call('POST', '/responses', turn)).text();
    expect(await (await call('POST', '/responses', turn)).text()).toBe(text);
    const items = await (await call('GET', `/conversations/${conversation}/items`)).json();
    expect((items as { data: unknown[] }).data).toHaveLength(2);
  });

  it('answer also when what they continued is gone', async () => {
    const parent = idOf(await (await call('POST', '/responses', { body: { input: 'Hi' } })).text());
    const turn = { name: 'child', body: { input: 'More', previous_response_id: parent } };
    const text = await (await call('POST', '/responses', turn)).text();
    await call('DELETE', `/responses/${parent}`);
    expect(await (await call('POST', '/responses', turn)).text()).toBe(text);
  });

  it('do not show what was deleted, and do not run again either', async () => {
    const marker = 'the-secret-that-was-deleted';
    upstream.always((exchange) =>
      exchange.stream(chatChunk({ role: 'assistant', content: marker }, 'stop'), usageChunk(chatUsage(3, 4))),
    );
    const body = { input: 'Hi', stream: true };
    const text = await (await call('POST', '/responses', { name: 'erased', body })).text();
    const [id] = /resp_\w+/.exec(text) ?? [''];
    expect(await inRecords(marker)).toBe(1);
    expect((await call('DELETE', `/responses/${id}`)).status).toBe(200);
    expect(await inRecords(marker)).toBe(0);
    const again = await call('POST', '/responses', { name: 'erased', body });
    expect(again.status).toBe(404);
    expect(await again.json()).toMatchObject({ error: { code: 'response_not_found' } });
    expect(upstream.requests).toHaveLength(1);
  });

  it('keep the answer of what is not stored in the record of the request only', async () => {
    const marker = 'seen-by-nobody-else';
    upstream.always((exchange) =>
      exchange.stream(chatChunk({ role: 'assistant', content: marker }, 'stop'), usageChunk(chatUsage(3, 4))),
    );
    const body = { input: 'Hi', store: false, stream: true };
    const text = await (await call('POST', '/responses', { name: 'unstored', body })).text();
    expect(await (await call('POST', '/responses', { name: 'unstored', body })).text()).toBe(text);
    expect(await inRecords(marker)).toBe(1);
    const { rows } = await gateway.pool.query('SELECT FROM response_items WHERE item::text LIKE $1', [
      `%${marker}%`,
    ]);
    expect(rows).toHaveLength(0);
  });

  it.each([
    ['/responses', { input: 'Hi', store: false }],
    ['/responses/compact', { input: 'Hi' }],
    ['/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
  ])('lose the answer of what is not stored when it is deleted (%s)', async (path, body) => {
    const marker = `deleted-from-${path}`;
    upstream.always(completion(marker));
    const id = idOf(await (await call('POST', path, { name: path, body })).text());
    const where = `${path.replace('/compact', '')}/${id}`;
    const kept = await inRecords(id);
    const own = created;
    created = await gateway.createKey({ account: 'stranger' });
    expect((await call('DELETE', where)).status).toBe(404);
    created = own;
    expect([kept, await inRecords(id)]).toEqual([1, 1]);
    expect((await call('DELETE', where)).status).toBe(200);
    expect(await inRecords(id)).toBe(0);
    expect((await call('DELETE', where)).status).toBe(404);
    expect((await call('POST', path, { name: path, body })).status).toBe(404);
    expect(upstream.requests).toHaveLength(1);
  });

  it('do not keep the answer of what is not stored when it is deleted while it runs', async () => {
    const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Once' }));
    const body = { input: 'Hi', store: false, stream: true };
    const streamed = new OpenStream(await call('POST', '/responses', { name: 'early', body }));
    const exchange = await stalled;
    await streamed.shows('Once');
    const [id = ''] = /resp_\w+/.exec(streamed.text) ?? [];
    expect((await call('DELETE', `/responses/${id}`)).status).toBe(200);
    exchange.end(sse(chatChunk({}, 'stop'), usageChunk(chatUsage(3, 4)), '[DONE]'));
    await streamed.ended;
    expect(await inRecords(id)).toBe(0);
    expect((await call('POST', '/responses', { name: 'early', body })).status).toBe(404);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });
});

async function inRecords(marker: string): Promise<number> {
  const { rows } = await gateway.pool.query('SELECT FROM idempotency_records WHERE content LIKE $1', [
    `%${marker}%`,
  ]);
  return rows.length;
}

describe('a background response that is sent again', () => {
  it('is the one that was accepted', async () => {
    const body = { input: 'Hi', background: true };
    const first = await (await call('POST', '/responses', { name: 'accepted', body })).text();
    const again = await call('POST', '/responses', { name: 'accepted', body });
    expect(await again.text()).toBe(first);
    expect(again.headers.get('x-compose-idempotent-replay')).toBe('true');
    await gateway.idle();
    expect(await (await call('POST', '/responses', { name: 'accepted', body })).text()).toBe(first);
    expect((await (await call('GET', `/responses/${idOf(first)}`)).json()) as object).toMatchObject({
      status: 'completed',
    });
    expect(upstream.requests).toHaveLength(1);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });

  it('is followed from its beginning when it is a stream, also while it runs', async () => {
    let finish: () => void = () => undefined;
    const mayFinish = new Promise<void>((resolve) => (finish = resolve));
    upstream.always(async (exchange) => {
      await mayFinish;
      exchange.stream(
        chatChunk({ role: 'assistant', content: 'Hello' }, 'stop'),
        usageChunk(chatUsage(3, 4)),
      );
    });
    const body = { input: 'Hi', background: true, stream: true };
    const [first, second] = [
      await call('POST', '/responses', { name: 'followed', body }),
      await call('POST', '/responses', { name: 'followed', body }),
    ];
    finish();
    const text = await first.text();
    expect(await second.text()).toBe(text);
    expect(await (await call('POST', '/responses', { name: 'followed', body })).text()).toBe(text);
    expect(text).toContain('response.completed');
    expect(upstream.requests).toHaveLength(1);
    expect(await receipts(gateway.pool, created.id)).toHaveLength(1);
  });

  it('runs again when it was refused', async () => {
    const poor = await gateway.createKey({ account: 'poor', budget_limit: '5' });
    created = poor;
    const body = { input: 'Hi', background: true };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await call('POST', '/responses', { name: 'refused', body })).status).toBe(402);
    }
    const { rows } = await gateway.pool.query(`SELECT FROM idempotency_records WHERE key = 'refused'`);
    expect(rows).toHaveLength(0);
  });
});

describe('a call that used more than the budget covers', () => {
  it.each([true, false])('is repeated with the receipt that was written (streamed: %s)', async (stream) => {
    upstream.always(completion('Hi', chatUsage(10, 900)));
    created = await gateway.createKey({ account: 'poor', budget_limit: '300' });
    const body = { input: 'Hi', stream, max_output_tokens: 20 };
    const name = `overrun-${stream}`;
    const text = await (await call('POST', '/responses', { name, body })).text();
    expect(text).toContain('"final_amount_wei":"300"');
    expect(text).toContain('"overrun"');
    expect(await (await call('POST', '/responses', { name, body })).text()).toBe(text);
    expect(upstream.requests).toHaveLength(1);
  });
});
