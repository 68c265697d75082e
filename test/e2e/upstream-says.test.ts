import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { expectSoundBooks } from '../support/books.js';
import { chatAnswer, chatUsage } from '../support/chat-wire.js';
import { fileFor, TestGateway, type CreatedKey } from '../support/gateway.js';
import { receipts } from '../support/ledger-state.js';
import { replayed } from '../support/recorded-answers.js';
import { ResponsesClient, type ResponseBody } from '../support/responses-client.js';
import {
  completion,
  refusal,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { framesOf } from '../support/sse-frames.js';
import { COMPACTING, TURNS, types } from './responses/compaction-bodies.js';

const SIGNED = { extra_content: { google: { thought_signature: 'SIG' } } };
const CALL = { id: 'call_a', type: 'function', function: { name: 'look', arguments: '{}' }, ...SIGNED };
const CHAT_TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object' } } };
const TOOL = { type: 'function', name: 'look', parameters: { type: 'object' }, strict: false };
const OUTPUT = [{ type: 'function_call_output', call_id: 'call_a', output: 'sunny' }];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;
let client: ResponsesClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const { providers, models } = fileFor(upstream.url) as { providers: object[]; models: object[] };
  gateway = await TestGateway.start({
    file: {
      providers: [...providers, { ...providers[0], id: 'another' }],
      models: [
        ...models,
        { ...models[0], id: 'other-model', targets: [{ provider: 'another', model: 'm' }] },
        {
          ...models[0],
          id: 'both-models',
          targets: [
            { provider: 'another', model: 'm', priority: 0 },
            { provider: 'upstream', model: 'm', priority: 1 },
          ],
        },
      ],
    },
  });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '1000000' });
  client = new ResponsesClient(gateway.url, created.key);
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function callsUpstream(): void {
  upstream.next((exchange) => {
    const isStream = exchange.request.body['stream'] === true;
    const name = isStream ? 'gemini-thought-signature.sse' : 'gemini-thought-signature-whole.json';
    return replayed(name)(exchange);
  });
}

/** The call in the history that the upstream got last. */
function callSentUp(): JsonObject {
  const messages = upstream.requests.at(-1)?.body['messages'] as readonly JsonObject[];
  const calls = messages.find((message) => 'tool_calls' in message)?.['tool_calls'] as readonly JsonObject[];
  return calls[0]!;
}

const json = async (path: string, body?: JsonObject): Promise<JsonObject> => {
  const response = await fetch(`${gateway.url}/external/v1${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${created.key}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as JsonObject;
};

describe('fields beside a call', () => {
  it.each([true, false])('reach a chat client (stream: %p)', async (stream) => {
    callsUpstream();
    const response = await gateway.chat(
      created.key,
      { stream, tools: [CHAT_TOOL] },
      { path: '/external/v1' },
    );
    const text = await response.text();
    if (!stream) {
      const { choices } = JSON.parse(text) as { choices: JsonObject[] };
      expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [CALL] } });
      return;
    }
    const choices = framesOf(text).flatMap(({ data }) => (data as { choices?: JsonObject[] }).choices ?? []);
    expect(choices.find(({ delta }) => 'tool_calls' in (delta as object))).toMatchObject({
      delta: { tool_calls: [{ index: 0, id: 'call_a', ...SIGNED }] },
    });
    expect(choices.at(-1)).toMatchObject({ finish_reason: 'tool_calls' });
  });

  it.each<[string, (first: ResponseBody) => object]>([
    ['a chain', ({ id }) => ({ previous_response_id: id, input: OUTPUT })],
    ['references', ({ output }) => ({ input: [{ type: 'item_reference', id: output[0]!.id }, ...OUTPUT] })],
  ])('go back through %s to the provider that gave them, and to no other', async (_name, next) => {
    for (const [model, fields] of [
      ['test-model', SIGNED],
      ['other-model', {}],
    ] as const) {
      callsUpstream();
      const first = await client.created({ tools: [TOOL], stream: false });
      await client.created({ ...next(first), model, tools: [TOOL] });
      expect(callSentUp()).toEqual({ ...CALL, extra_content: undefined, ...fields });
    }
  });

  it.each([true, false])(
    'are of who answered, where another has compacted what was asked (stream: %p)',
    async (stream) => {
      upstream.next(completion('They met.'));
      upstream.next(refusal(500));
      callsUpstream();
      const input = [...TURNS, { role: 'user', content: 'Look.' }];
      const asked = { ...COMPACTING, model: 'both-models', input, tools: [TOOL] };
      const first = stream ? (await client.streamed(asked)).response : await client.created(asked);
      expect(types(first)).toEqual(['compaction', 'function_call']);
      for (const [model, fields] of [
        ['test-model', SIGNED],
        ['other-model', {}],
      ] as const) {
        await client.created({ previous_response_id: first.id, input: OUTPUT, model, tools: [TOOL] });
        expect(callSentUp()).toEqual({ ...CALL, extra_content: undefined, ...fields });
      }
    },
  );

  it('are seen by no client of the Responses API', async () => {
    callsUpstream();
    const { events, response } = await client.streamed({ tools: [TOOL] });
    const second = await client.created({
      input: [{ type: 'item_reference', id: response.output[0]!.id }, ...OUTPUT],
      tools: [TOOL],
    });
    const seen = [events, response, await client.found(response.id)];
    for (const shown of [...seen, await json(`/responses/${second.id}/input_items`)])
      expect(JSON.stringify(shown)).not.toMatch(/SIG|upstream_fields/);
    expect(await client.found(response.id)).toEqual(response);
  });

  it('stay with a conversation, out of its items', async () => {
    const { id } = (await json('/conversations', {})) as { id: string };
    callsUpstream();
    const { output } = await client.created({ conversation: id, tools: [TOOL] });
    for (const path of ['items', `items/${output[0]!.id}`])
      expect(JSON.stringify(await json(`/conversations/${id}/${path}`))).not.toMatch(/SIG|upstream_fields/);
    await client.created({ conversation: id, input: OUTPUT, tools: [TOOL] });
    expect(callSentUp()).toEqual(CALL);
  });

  it('are copied into a conversation unseen', async () => {
    callsUpstream();
    const { output } = await client.created({ tools: [TOOL] });
    const { id } = (await json('/conversations', {})) as { id: string };
    const items: JsonObject[] = [{ type: 'item_reference', id: output[0]!.id! }];
    const added = await json(`/conversations/${id}/items`, { items });
    expect(added).toMatchObject({ data: [{ type: 'function_call', call_id: 'call_a' }] });
    expect(JSON.stringify(added)).not.toMatch(/SIG|upstream_fields/);
    await client.created({ conversation: id, input: OUTPUT, tools: [TOOL] });
    expect(callSentUp()).toEqual(CALL);
  });
});

describe('usage', () => {
  const answered = (usage: JsonObject): void =>
    void upstream.next((exchange) => exchange.json(chatAnswer({ content: 'Hello' }, 'stop', { usage })));

  it.each([
    ['in the total alone', 'gemini-thinking-in-total.json'],
    ['without the output', 'gemini-all-output-thinking.json'],
  ])('%s is shown as it is charged, on both wires', async (_name, answer) => {
    const [input, output] = [10, 520];
    upstream.next(replayed(answer));
    const chat = (await (await gateway.chat(created.key)).json()) as { usage: JsonObject };
    expect(chat.usage).toEqual({
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
    });
    upstream.next(replayed(answer));
    const response = await client.created();
    expect(response.usage).toMatchObject({ input_tokens: input, output_tokens: output });
    // 1 and 2 USD per million tokens, and a fee of one percent, rounded up.
    const cost = input + 2 * output;
    const amounts = (await receipts(gateway.pool, created.id)).map(({ finalAmount }) => finalAmount);
    expect(amounts).toEqual([cost + Math.ceil(cost / 100), cost + Math.ceil(cost / 100)]);
  });

  it.each<[string, JsonObject]>([
    ['negative', { prompt_tokens: -5, completion_tokens: -9 }],
    ['text', { prompt_tokens: '10', completion_tokens: '20' }],
    ['above 2^31', { prompt_tokens: 3_000_000_000, completion_tokens: 3_000_000_000 }],
    ['more than the model can hold', chatUsage(2_000_000, 5)],
    ['zero', chatUsage(0, 0)],
  ])('that is %s is counted here', async (_name, usage) => {
    answered(usage);
    const { usage: shown } = (await (await gateway.chat(created.key)).json()) as { usage: JsonObject };
    expect(shown).toMatchObject({ prompt_tokens: 1, completion_tokens: 1, estimated: true });
    expect((await gateway.keyBudget(created.id)).spent).toBeLessThan(10);
  });
});

/** What a schema may say: parts by name, recursion, null as a value, names in any language and one that is special. */
const SCHEMA = `{"type":"object","$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}}}},"properties":{"tree":{"$ref":"#/$defs/node"},"größe":{"enum":["a",null],"default":null},"__proto__":{"const":null}},"required":["tree","größe","__proto__"],"additionalProperties":false}`;

describe('a schema of the client', () => {
  const post = (path: string, body: string): Promise<Response> =>
    fetch(`${gateway.url}/external/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${created.key}`, 'content-type': 'application/json' },
      body,
    });

  it('goes up to the letter, in tools and formats of chat', async () => {
    const tool = `{"type":"function","function":{"name":"look","parameters":${SCHEMA},"strict":true}}`;
    const format = `{"type":"json_schema","json_schema":{"name":"tree","strict":true,"schema":${SCHEMA}}}`;
    const answer = await post(
      '/chat/completions',
      `{"model":"test-model","messages":[{"role":"user","content":"Hi"}],"tools":[${tool}],"response_format":${format}}`,
    );
    expect(answer.status).toBe(200);
    const { text } = await upstream.arrived(0);
    expect(text).toContain(`"tools":[${tool}]`);
    expect(text).toContain(`"response_format":${format}`);
  });

  it('goes up to the letter, and is shown and stored so, in those of Responses', async () => {
    const answer = await post(
      '/responses',
      `{"model":"test-model","input":"Hi","tools":[{"type":"function","name":"look","parameters":${SCHEMA},"strict":true}],"text":{"format":{"type":"json_schema","name":"tree","strict":true,"schema":${SCHEMA}}}}`,
    );
    const shown = await answer.text();
    const { text } = await upstream.arrived(0);
    const { id } = JSON.parse(shown) as { id: string };
    const stored = await (await client.find(id)).text();
    for (const place of [text, shown, stored]) expect(place.split(SCHEMA)).toHaveLength(3);
  });

  it('has fields beside it that the client added for one provider, and they go up', async () => {
    const marked = { cache_control: { type: 'ephemeral' } };
    const part = { type: 'text', text: 'Hi', ...marked };
    const tool = { ...CHAT_TOOL, ...marked };
    const history = [
      { role: 'user', content: [part] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [CALL],
        reasoning_details: [{ type: 'reasoning.text' }],
      },
      { role: 'tool', tool_call_id: 'call_a', content: 'sunny' },
    ];
    await gateway.chat(created.key, { messages: history, tools: [tool] });
    expect((await upstream.arrived(0)).body).toMatchObject({ messages: history, tools: [tool] });
  });
});
