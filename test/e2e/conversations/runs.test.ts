import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { expectSoundBooks } from '../../support/books.js';
import { chatAnswer, chatChunk, sse } from '../../support/chat-wire.js';
import { OpenStream } from '../../support/gateway-client.js';
import { nextStalls } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusalOf } from '../../support/refusal-of.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { bodyOf, ConversationsClient, lockedBy, said, told } from './conversations-client.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ConversationsClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  const { key } = await gateway.createKey({ budget_limit: '1000000000' });
  client = new ConversationsClient(gateway.url, key);
});
afterEach(async () => {
  await gateway.idle();
  await expectSoundBooks(gateway.pool);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('a response on a conversation', () => {
  it('reads its items before the input and adds input and output to it', async () => {
    const id = await client.create({ items: [said('earlier')] });
    upstream.always(completion('Hello!'));
    const response = await client.responded(id, 'now', { metadata: { a: 'b' } });
    expect(response['conversation']).toEqual({ id });
    expect(told(upstream, 0)).toEqual(['earlier', 'now']);
    expect(await client.texts(id)).toEqual(['earlier', 'now', 'Hello!']);
    await client.responded(id, 'again', { stream: false });
    expect(told(upstream, 1)).toEqual(['earlier', 'now', 'Hello!', 'again']);
    expect(await lockedBy(gateway.pool, id)).toBeNull();
  });

  it('needs no input of its own', async () => {
    const id = await client.create({ items: [said('all there is')] });
    await client.responded(id, undefined);
    expect(told(upstream, 0)).toEqual(['all there is']);
  });

  it('adds to it with store: false, and is kept nowhere else', async () => {
    const id = await client.create();
    const answer = await client.responded(id, 'secret', { store: false });
    expect(await client.texts(id)).toEqual(['secret', 'Hello!']);
    expect((await client.call('GET', `/responses/${answer['id'] as string}`)).status).toBe(404);
    const { rows } = await gateway.pool.query('SELECT FROM responses WHERE id = $1', [answer['id']]);
    expect(rows).toEqual([]);
    expect(await lockedBy(gateway.pool, id)).toBeNull();
  });

  it('adds what was cut off when it ends incomplete', async () => {
    const id = await client.create();
    upstream.next((exchange) => exchange.json(chatAnswer({ content: 'cut' }, 'length')));
    expect(await client.responded(id, 'long')).toMatchObject({ status: 'incomplete' });
    expect(await client.texts(id)).toEqual(['long', 'cut']);
  });

  it.each([true, false])('that fails adds nothing and gives it back (store: %p)', async (store) => {
    const id = await client.create({ items: [said('kept')] });
    upstream.next(refusal(400));
    expect((await client.respond(id, 'lost', { store })).status).toBe(400);
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ content: 'half' })));
      exchange.breakConnection();
    });
    const broken = await (await client.respond(id, 'lost', { store, stream: true })).text();
    expect(broken).toContain('response.failed');
    expect(await client.texts(id)).toEqual(['kept']);
    expect(await lockedBy(gateway.pool, id)).toBeNull();
  });

  it.each([true, false])('that is cancelled adds what there was (store: %p)', async (store) => {
    const id = await client.create();
    const arrived = nextStalls(upstream, chatChunk({ content: 'half' }));
    const leave = new AbortController();
    const answer = await client.respond(id, 'asked', { store, stream: true }, leave.signal);
    const exchange = await arrived;
    await new OpenStream(answer).shows('half');
    leave.abort();
    await exchange.aborted;
    await gateway.idle();
    expect(await client.texts(id)).toEqual(['asked', 'half']);
    expect(await lockedBy(gateway.pool, id)).toBeNull();
  });

  it('that is refused for its budget gives it back', async () => {
    const poor = await gateway.createKey({ budget_limit: '1' });
    const rich = await client.create();
    const refused = new ConversationsClient(gateway.url, poor.key);
    expect((await refusalOf(await refused.respond(rich, 'too dear'))).status).toBe(402);
    await until(async () => (await lockedBy(gateway.pool, rich)) === null);
    expect(await client.texts(rich)).toEqual([]);
  });

  it('that is refused for its items gives it back', async () => {
    const id = await client.create();
    const input = [{ type: 'function_call_output', call_id: 'call_of_nobody', output: 'x' }];
    expect(await refusalOf(await client.respond(id, input))).toMatchObject({ status: 400 });
    await until(async () => (await lockedBy(gateway.pool, id)) === null);
  });

  it('has its calls answered by the next one', async () => {
    const id = await client.create();
    const call = { id: 'call_up', type: 'function', function: { name: 'look', arguments: '{}' } };
    upstream.next((exchange) =>
      exchange.json(chatAnswer({ content: null, tool_calls: [call] }, 'tool_calls')),
    );
    const tools = [{ type: 'function', name: 'look', parameters: {} }];
    const first = await client.responded(id, 'look', { tools });
    const [output] = first['output'] as readonly JsonObject[];
    const answer = { type: 'function_call_output', call_id: output?.['call_id'], output: 'seen' };
    await client.responded(id, [answer], { tools });
    expect(await client.texts(id)).toEqual(['look', 'function_call', 'function_call_output', 'Hello!']);
  });

  it('keeps an item that comes again, under an id of its own', async () => {
    const id = await client.create({ items: [{ ...said('once'), id: 'msg_mine' }] });
    await client.responded(id, [
      { ...said('twice'), id: 'msg_mine' },
      { type: 'item_reference', id: 'msg_mine' },
      { ...said('new'), id: 'msg_new' },
      { ...said('new again'), id: 'msg_new' },
    ]);
    expect(await client.texts(id)).toEqual(['once', 'twice', 'once', 'new', 'new again', 'Hello!']);
    const { data } = await client.page(id, '?limit=100');
    expect(new Set(data.map((item) => item['id'])).size).toBe(6);
  });

  it('is found by its reference from elsewhere', async () => {
    const id = await client.create({ items: [{ ...said('far away'), id: 'msg_far' }] });
    const reference = { type: 'item_reference', id: 'msg_far' };
    const body = { model: 'test-model', input: [reference] };
    await bodyOf(await client.call('POST', '/responses', body));
    expect(told(upstream, 0)).toEqual(['far away']);
    const other = await client.create({ items: [reference, said('here')] });
    expect(await client.texts(other)).toEqual(['far away', 'here']);
    await client.erase(id);
    await client.erase(other);
    // The response that was given it still has it.
    expect((await client.call('POST', '/responses', body)).status).toBe(200);
  });

  it('that cannot read a compaction in it is refused for the conversation', async () => {
    const id = await client.create({ items: [{ type: 'compaction', encrypted_content: 'AAAA' }] });
    const refused = await client.call('POST', '/responses', {
      model: 'test-model',
      input: 'Hi',
      conversation: id,
    });
    expect(await refusalOf(refused)).toMatchObject({ status: 400, error: { param: 'conversation' } });
    await until(async () => (await lockedBy(gateway.pool, id)) === null);
  });

  it('in the background adds to it too, and holds it until its end', async () => {
    const id = await client.create();
    const arrived = nextStalls(upstream);
    const accepted = await client.responded(id, 'slow', { background: true });
    const exchange = await arrived;
    expect(await lockedBy(gateway.pool, id)).toBe(accepted['id']);
    await completion('done')(exchange);
    await until(async () => (await lockedBy(gateway.pool, id)) === null);
    expect(await client.texts(id)).toEqual(['slow', 'done']);
  });
});
