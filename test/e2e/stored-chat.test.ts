import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { TestGateway, fileFor } from '../support/gateway.js';
import { refusalOf } from '../support/refusal-of.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.js';
import { chatAnswer } from '../support/chat-wire.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: fileFor(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  const account = `account-${Math.random().toString(36).slice(2)}`;
  ({ key } = await gateway.createKey({ account, budget_limit: '100000000' }));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const model = 'test-model';
type Body = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

function client(path = '/external/v1', as = key): OpenAI {
  return new OpenAI({ apiKey: as, baseURL: `${gateway.url}${path}`, maxRetries: 0 });
}

function create(body: Partial<Body> = {}, path?: string): Promise<OpenAI.Chat.ChatCompletion> {
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  return client(path).chat.completions.create({ model, messages, store: true, ...body, stream: false });
}

function call(method: string, path: string, body?: object, as = key): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions${path}`, {
    method,
    headers: { authorization: `Bearer ${as}` },
    ...(body && { body: JSON.stringify(body) }),
  });
}

describe.each(['/external/v1', '/v1'])('the stock SDK on %s', (path) => {
  it('reads, changes and deletes what it stored', async () => {
    const made = await create({ metadata: { topic: 'weather' } }, path);
    const { completions } = client(path).chat;
    const found = await completions.retrieve(made.id);
    expect(found).toEqual({ ...made, metadata: { topic: 'weather' } });
    expect('compose_receipt' in found).toBe(path === '/v1');

    const changed = await completions.update(made.id, { metadata: { topic: 'sport' } });
    expect(changed).toEqual({ ...made, metadata: { topic: 'sport' } });
    expect((await client(path).responses.retrieve(made.id)).metadata).toEqual({ topic: 'sport' });

    expect(await completions.delete(made.id)).toEqual({
      object: 'chat.completion.deleted',
      id: made.id,
      deleted: true,
    });
    await expect(completions.retrieve(made.id)).rejects.toMatchObject({ status: 404, code: 'not_found' });
    await expect(client(path).responses.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    expect((await completions.list()).data).toEqual([]);
  });

  it('lists in pages, in both orders, by model and metadata', async () => {
    const all: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const metadata = { parity: index % 2 === 0 ? 'even' : 'odd', [`key ${index}`]: 'x\u0000\u{1f4ac}' };
      all.push((await create({ metadata }, path)).id);
    }
    const { completions } = client(path).chat;
    const ids = async (query: OpenAI.Chat.ChatCompletionListParams): Promise<string[]> => {
      const found: string[] = [];
      for await (const { id } of completions.list(query)) found.push(id);
      return found;
    };
    expect(await ids({ limit: 2 })).toEqual(all);
    expect(await ids({ limit: 2, order: 'desc' })).toEqual([...all].reverse());
    expect(await ids({ metadata: { parity: 'odd' } })).toEqual([all[1], all[3]]);
    expect(await ids({ metadata: { parity: 'odd', 'key 3': 'x\u0000\u{1f4ac}' } })).toEqual([all[3]]);
    expect(await ids({ metadata: { parity: 'neither' } })).toEqual([]);
    expect(await ids({ model })).toEqual(all);
    expect(await ids({ model: 'other-model' })).toEqual([]);
    const page = (await (await call('GET', '?limit=2')).json()) as Record<string, unknown>;
    expect(page).toMatchObject({ object: 'list', first_id: all[0], last_id: all[1], has_more: true });
  });

  it('lists the messages that were answered', async () => {
    const made = await create(
      {
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', name: 'ada', content: [{ type: 'text', text: 'What is this?' }] },
        ],
      },
      path,
    );
    const { data } = await client(path).chat.completions.messages.list(made.id);
    expect(data).toEqual([
      { id: `${made.id}-0`, role: 'system', content: 'Be short.', refusal: null, content_parts: null },
      {
        id: `${made.id}-1`,
        role: 'user',
        name: 'ada',
        content: null,
        refusal: null,
        content_parts: [{ type: 'text', text: 'What is this?' }],
      },
    ]);
    const newest = await client(path).chat.completions.messages.list(made.id, { order: 'desc', limit: 1 });
    expect(newest.data.map(({ id }) => id)).toEqual([`${made.id}-1`]);
    expect(newest.hasNextPage()).toBe(true);
    expect((await newest.getNextPage()).data.map(({ id }) => id)).toEqual([`${made.id}-0`]);
  });
});

describe('a stored completion', () => {
  it('is a Response too, and can be continued as one', async () => {
    upstream.next((exchange) =>
      exchange.json(
        chatAnswer(
          {
            content: 'Let me look.',
            reasoning_content: 'Hm.',
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":1}' } },
            ],
          },
          'tool_calls',
        ),
      ),
    );
    const made = await create({
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'What is this?' },
      ],
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
      response_format: { type: 'json_object' },
      temperature: 0.5,
      max_completion_tokens: 50,
      metadata: { a: 'b' },
    });
    const response = await client().responses.retrieve(made.id);
    expect(response).toMatchObject({
      id: made.id,
      object: 'response',
      created_at: made.created,
      status: 'completed',
      model,
      store: true,
      temperature: 0.5,
      max_output_tokens: 50,
      metadata: { a: 'b' },
      text: { format: { type: 'json_object' } },
      tools: [{ type: 'function', name: 'look', parameters: { type: 'object' }, strict: null }],
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      output: [
        { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'Hm.' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Let me look.' }] },
        {
          type: 'function_call',
          call_id: 'call_1',
          name: 'look',
          arguments: '{"at":1}',
          status: 'completed',
        },
      ],
    });
    const items = await client().responses.inputItems.list(made.id, { order: 'asc' });
    expect(items.data).toMatchObject([
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be short.' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'What is this?' }] },
    ]);
    await client().responses.create({
      model,
      previous_response_id: made.id,
      input: [{ type: 'function_call_output', call_id: 'call_1', output: 'A cat.' }],
    });
    expect(upstream.requests.at(-1)?.body['messages']).toMatchObject([
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'What is this?' },
      { role: 'assistant', content: 'Let me look.', tool_calls: [{ id: 'call_1' }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'A cat.' },
    ]);
  });

  it('is kept with every choice, and streamed as it would be whole', async () => {
    const stream = await client().chat.completions.create({
      model: 'test-model',
      messages: [{ role: 'user', content: 'Hi' }],
      store: true,
      stream: true,
    });
    let id = '';
    let text = '';
    for await (const chunk of stream) {
      ({ id } = chunk);
      text += chunk.choices[0]?.delta.content ?? '';
    }
    const found = await client().chat.completions.retrieve(id);
    expect(found.object).toBe('chat.completion');
    expect(found.choices[0]?.message.content).toBe(text);
    expect(found.choices[0]?.finish_reason).toBe('stop');
    expect(found.usage?.total_tokens).toBeGreaterThan(0);
    expect((await client().responses.retrieve(id)).output_text).toBe(text);
  });

  it('keeps what a column of text could not', async () => {
    const odd = 'nul \u0000, half a pair \ud83d, line\u2028';
    upstream.next(completion(odd));
    const made = await create({ messages: [{ role: 'user', content: odd }], metadata: { odd } });
    const found = (await (await call('GET', `/${made.id}`)).json()) as typeof made & { metadata: object };
    expect(found.choices[0]?.message.content).toBe(made.choices[0]?.message.content);
    expect(found.metadata).toEqual({ odd });
    const { data } = await client().chat.completions.messages.list(made.id);
    expect(data[0]?.content).toBe(odd);
  });

  it('is stopped and kept as a Response alone when that is cancelled, or its client leaves', async () => {
    const aborted = new AbortController();
    upstream.next((exchange) => {
      aborted.abort();
      return exchange.aborted.then(() => undefined);
    });
    await expect(gateway.chat(key, { store: true }, { signal: aborted.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await gateway.idle();
    expect((await client().chat.completions.list()).data).toEqual([]);

    let cancelling: Promise<Response> | undefined;
    upstream.next(async (exchange) => {
      const { rows } = await gateway.pool.query<{ id: string }>(
        'SELECT id FROM responses WHERE finished_at IS NULL',
      );
      cancelling = fetch(`${gateway.url}/v1/responses/${rows[0]?.id ?? ''}/cancel`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
      });
      await exchange.aborted;
    });
    await gateway.chat(key, { store: true });
    expect(await (await cancelling)?.json()).toMatchObject({ object: 'response', status: 'cancelled' });
    expect((await client().chat.completions.list()).data).toEqual([]);
  });

  it('is nobody else’s', async () => {
    const made = await create();
    const { key: foreign } = await gateway.createKey({ account: 'foreign' });
    for (const [method, path, body] of [
      ['GET', `/${made.id}`],
      ['POST', `/${made.id}`, { metadata: {} }],
      ['DELETE', `/${made.id}`],
      ['GET', `/${made.id}/messages`],
    ] as const) {
      const refusal = await refusalOf(await call(method, path, body, foreign));
      expect(refusal).toMatchObject({ status: 404, error: { code: 'not_found' } });
    }
    expect(await (await call('GET', '', undefined, foreign)).json()).toMatchObject({ data: [] });
    expect((await client().chat.completions.retrieve(made.id)).id).toBe(made.id);
  });
});

describe('what is not stored', () => {
  it('is a completion that was not asked to be, or a Response', async () => {
    const plain = await create({ store: false });
    const response = await client().responses.create({ model, input: 'Hi' });
    for (const { id } of [plain, response])
      expect(await refusalOf(await call('GET', `/${id}`))).toMatchObject({ status: 404 });
    expect(await refusalOf(await call('DELETE', `/${response.id}`))).toMatchObject({ status: 404 });
    expect((await client().responses.retrieve(response.id)).id).toBe(response.id);
    expect((await client().chat.completions.list()).data).toEqual([]);
  });

  it('is a call that failed', async () => {
    upstream.always((exchange) => exchange.json({ error: { message: 'no' } }, 400));
    expect((await gateway.chat(key, { store: true })).status).toBe(400);
    expect((await client().chat.completions.list()).data).toEqual([]);
  });
});

describe('what is refused', () => {
  it('is a list or a change that is asked for wrongly', async () => {
    const { id } = await create();
    const list = await refusalOf(await call('GET', '?limit=0'));
    expect(list).toMatchObject({ status: 400, error: { code: 'invalid_value', param: 'limit' } });
    const change = await refusalOf(await call('POST', `/${id}`, { metadata: { a: 7 } }));
    expect(change).toMatchObject({ status: 400, error: { code: 'invalid_value', param: 'metadata.a' } });
  });

  it('is a key that does not live', async () => {
    const refusal = await refusalOf(await call('GET', '', undefined, 'compose-nobodynobodynobody'));
    expect(refusal).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } });
  });
});
