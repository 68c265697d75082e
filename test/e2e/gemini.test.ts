import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isJsonObject, type JsonObject } from '../../src/base/json.js';
import { expectSoundBooks } from '../support/books.js';
import { type CreatedKey, fileFor, TestGateway } from '../support/gateway.js';
import { contentsOf, geminiSays } from '../support/gemini-wire.js';
import { receipts } from '../support/ledger-state.js';
import { replayed } from '../support/recorded-answers.js';
import { ResponsesClient, SURFACES, type Surface, textOf } from '../support/responses-client.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';
import { framesOf } from '../support/sse-frames.js';

const PNG = 'iVBORw0KGgo=';
const SCHEMA = { type: 'object', properties: { warmer: { type: 'string' } }, required: ['warmer'] };
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const JSON_TEXT = '{"warmer":"Rome"}';

/** What the model says in the two steps of its first turn, and in its second turn. */
const CALLS = [
  { text: 'I need both.', thought: true },
  { functionCall: { name: 'weather', args: { city: 'Rome' } }, thoughtSignature: 'U0lHLWNhbGw=' },
  { functionCall: { name: 'weather', args: { city: 'Oslo' } } },
];
const ANSWER = [
  { text: 'Easy.', thought: true },
  { text: JSON_TEXT, thoughtSignature: 'U0lHLXRleHQ=' },
];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let created: CreatedKey;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const provider = { type: 'google', base_url: new URL(upstream.url).origin };
  const { providers, models } = fileFor(upstream.url, { provider });
  const target = { provider: 'upstream', model: 'gemini-3.8-flash' };
  gateway = await TestGateway.start({ file: { providers, models: [{ ...models[0], targets: [target] }] } });
});
beforeEach(async () => {
  upstream.reset();
  created = await gateway.createKey({ budget_limit: '100000000' });
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

interface Told {
  readonly calls: readonly JsonObject[];
  readonly text: string;
}

/** Holds the conversation over one wire of clients. The upstream gets three requests. */
type Talk = (surface: Surface, stream: boolean) => Promise<Told>;

const chatTool = { type: 'function', function: { name: 'weather', parameters: PARAMETERS } };
const chatFormat = { type: 'json_schema', json_schema: { name: 'x', schema: SCHEMA, strict: true } };

/** The message of a chat answer, as a client puts it together, with what it does not know. */
async function said(surface: Surface, stream: boolean, messages: readonly JsonObject[]): Promise<JsonObject> {
  const body = { messages, stream, tools: [chatTool], response_format: chatFormat };
  const response = await gateway.chat(created.key, body, { path: surface });
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  if (!stream) return (JSON.parse(text) as { choices: { message: JsonObject }[] }).choices[0]!.message;
  const lists: Record<string, JsonObject[]> = {};
  let content: string | null = null;
  for (const { data } of framesOf(text)) {
    const [choice] =
      isJsonObject(data) && Array.isArray(data['choices']) ? (data['choices'] as JsonObject[]) : [];
    const { content: piece, ...delta } = (choice?.['delta'] ?? {}) as JsonObject;
    if (typeof piece === 'string' && piece !== '') content = (content ?? '') + piece;
    for (const { index, ...call } of (delta['tool_calls'] ?? []) as JsonObject[])
      addCall(Number(index), call);
    (lists['reasoning_details'] ??= []).push(...((delta['reasoning_details'] ?? []) as JsonObject[]));
  }
  return { role: 'assistant', content, ...lists };

  function addCall(index: number, call: JsonObject): void {
    const calls = (lists['tool_calls'] ??= []);
    const before = calls[index] as { function: { arguments: string } } | undefined;
    if (before) before.function.arguments += (call['function'] as { arguments: string }).arguments;
    else calls[index] = call;
  }
}

const throughChat: Talk = async (surface, stream) => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } };
  const messages: JsonObject[] = [
    { role: 'system', content: 'Be exact.' },
    { role: 'user', content: [{ type: 'text', text: 'Which is warmer?' }, image] },
  ];
  const asked = await said(surface, stream, messages);
  const calls = asked['tool_calls'] as { id: string; function: JsonObject }[];
  const outputs = ['25', '5'].map((content, index) => ({
    role: 'tool',
    tool_call_id: calls[index]!.id,
    content,
  }));
  messages.push(asked, ...outputs);
  const answered = await said(surface, stream, messages);
  messages.push(answered, { role: 'user', content: 'Sure?' });
  await said(surface, stream, messages);
  return { calls: calls.map(({ function: called }) => called), text: answered['content'] as string };
};

const responseBody = {
  instructions: 'Be exact.',
  tools: [{ type: 'function', name: 'weather', parameters: PARAMETERS, strict: true }],
  text: { format: { type: 'json_schema', name: 'x', schema: SCHEMA, strict: true } },
  reasoning: { summary: 'auto' },
};
const responseInput: JsonObject[] = [
  {
    role: 'user',
    content: [
      { type: 'input_text', text: 'Which is warmer?' },
      { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
    ],
  },
];

const throughResponses =
  (isStored: boolean): Talk =>
  async (surface, stream) => {
    const client = new ResponsesClient(gateway.url, created.key, surface);
    let context: JsonObject[] = [];
    let previous: string | undefined;
    const ask = async (input: readonly JsonObject[]) => {
      context = [...context, ...input];
      const rest = isStored
        ? { input, ...(previous !== undefined && { previous_response_id: previous }) }
        : { input: context, store: false, include: ['reasoning.encrypted_content'] };
      const body = { ...responseBody, ...rest };
      const response = stream ? (await client.streamed(body)).response : await client.created(body);
      context = [...context, ...(response.output as unknown as JsonObject[])];
      previous = response.id;
      return response;
    };
    const { output } = await ask(responseInput);
    const calls = output.filter((item) => item.type === 'function_call');
    const answered = await ask(
      ['25', '5'].map((text, index) => ({
        type: 'function_call_output',
        call_id: calls[index]!.call_id,
        output: text,
      })),
    );
    await ask([{ role: 'user', content: 'Sure?' }]);
    return {
      calls: calls.map(({ name, arguments: given }) => ({ name, arguments: given })),
      text: textOf(answered),
    };
  };

const WAYS: readonly (readonly [string, Talk])[] = [
  ['chat', throughChat],
  ['a chain of Responses', throughResponses(true)],
  ['Responses that keep nothing', throughResponses(false)],
];
const CASES = WAYS.flatMap(([name, talk]) =>
  SURFACES.flatMap((surface) => [true, false].map((stream) => ({ name, talk, surface, stream }))),
);

describe('a conversation with Gemini', () => {
  it.each(CASES)(
    'through $name is the same at $surface (stream: $stream)',
    async ({ talk, surface, stream }) => {
      upstream
        .next(geminiSays(CALLS))
        .next(geminiSays(ANSWER))
        .next(geminiSays([{ text: JSON_TEXT }]));
      const told = await talk(surface, stream);
      expect(told).toEqual({
        calls: [
          { name: 'weather', arguments: '{"city":"Rome"}' },
          { name: 'weather', arguments: '{"city":"Oslo"}' },
        ],
        text: JSON_TEXT,
      });

      const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
      expect(upstream.requests.map(({ path }) => path)).toEqual(
        Array(3).fill(`/v1beta/models/gemini-3.8-flash:${method}`),
      );
      expect(upstream.requests[0]?.body).toEqual({
        systemInstruction: { parts: [{ text: 'Be exact.' }] },
        contents: [
          {
            role: 'user',
            parts: [{ text: 'Which is warmer?' }, { inlineData: { mimeType: 'image/png', data: PNG } }],
          },
        ],
        tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: PARAMETERS }] }],
        generationConfig: {
          responseMimeType: 'application/json',
          responseJsonSchema: SCHEMA,
          thinkingConfig: { includeThoughts: true },
        },
      });
      // Every signature is at its place, and what went up once goes up alike.
      const [question] = contentsOf(upstream, 0);
      const step = [
        question,
        { role: 'model', parts: CALLS.slice(1) },
        {
          role: 'user',
          parts: ['25', '5'].map((output) => ({
            functionResponse: { name: 'weather', response: { output } },
          })),
        },
      ];
      expect(contentsOf(upstream, 1)).toEqual(step);
      expect(contentsOf(upstream, 2)).toEqual([
        ...step,
        { role: 'model', parts: ANSWER.slice(1) },
        { role: 'user', parts: [{ text: 'Sure?' }] },
      ]);
    },
  );
});

describe('a call of Gemini', () => {
  it('is charged for what the service bills: thoughts are output, and what was cached is input', async () => {
    upstream.next(geminiSays([{ text: 'Hello' }]));
    const chat = (await (await gateway.chat(created.key)).json()) as JsonObject;
    expect(chat['usage']).toEqual({
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 40 },
      completion_tokens_details: { reasoning_tokens: 30 },
    });
    // 100 at 1 and 50 at 2 USD per million, and the fee of 1 %.
    expect(await receipts(gateway.pool, created.id)).toMatchObject([{ finalAmount: 202, estimated: false }]);
  });

  it('is made once more without signatures that do not hold, and the client sees nothing of it', async () => {
    const refuse = {
      error: { code: 400, message: 'Thought signature is not valid.', status: 'INVALID_ARGUMENT' },
    };
    upstream.next((exchange) => exchange.json(refuse, 400)).next(geminiSays([{ text: 'Hello' }]));
    const fields = { extra_content: { google: { thought_signature: 'b2xk' } } };
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' }, ...fields };
    const messages = [
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ];
    const response = await gateway.chat(created.key, { messages });
    expect([response.status, response.headers.get('x-compose-upstream-attempts')]).toEqual([200, '2']);
    const signatures = [0, 1].map((position) => JSON.stringify(contentsOf(upstream, position)[1]));
    expect(signatures).toEqual([
      expect.stringContaining('"thoughtSignature":"b2xk"'),
      expect.stringContaining('"thoughtSignature":"skip_thought_signature_validator"'),
    ]);
  });

  it.each<[string, JsonObject]>([
    ['logit_bias', { logit_bias: { 1: 1 } }],
    ['prediction', { prediction: { type: 'content', content: 'a' } }],
    ['functions', { functions: [{ name: 'look' }] }],
  ])('that asks for what it cannot have is refused before anything is held: %s', async (param, chat) => {
    const response = await gateway.chat(created.key, chat);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'unsupported_parameter', param } });
    expect(upstream.requests).toEqual([]);
    const { rows } = await gateway.pool.query('SELECT 1 FROM ledger_entries WHERE ledger_account LIKE $1', [
      `%${created.id}%`,
    ]);
    expect(rows).toEqual([]);
  });

  it.each([true, false])('whose prompt is blocked ends as filtered (stream: %p)', async (stream) => {
    upstream.next(replayed('gemini/prompt-blocked.sse'));
    const client = new ResponsesClient(gateway.url, created.key);
    const response = stream ? (await client.streamed()).response : await client.created();
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
    });
  });
});
