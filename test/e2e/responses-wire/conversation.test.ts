import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import {
  answersResponse,
  callItem,
  messageItem,
  reasoningItem,
  refusesResponse,
  textPart,
} from '../../support/responses-wire.js';
import { SURFACES, type Surface } from '../../support/responses-client.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { ChatTalk, type Said, type Talk, type TalkOptions } from '../messages-wire/conversations.js';
import { MessagesTalk, SummedUpTalk } from './talks.js';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const SCHEMA: JsonObject = {
  type: 'object',
  properties: { answer: { type: 'string' } },
  required: ['answer'],
  additionalProperties: false,
};

const ANSWERS = [
  answersResponse(
    [
      reasoningItem('gAAAfirst/+=', '**Looking**\n\nAt both.', 'Then decide.'),
      messageItem(textPart('I look. 🙂')),
      callItem('call_A', 'look', '{"at":"sky"}'),
      callItem('call_B', 'feel', '{}'),
    ],
    {
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 40 },
        output_tokens: 80,
        output_tokens_details: { reasoning_tokens: 30 },
        total_tokens: 180,
      },
    },
  ),
  answersResponse([reasoningItem('gAAAsecond=='), messageItem(textPart('{"answer":"sun"}'))]),
  answersResponse([reasoningItem('gAAAthird==', 'Polite.'), messageItem(textPart('You are welcome.'))]),
];

/** Refuses what OpenAI is documented, or reported, to refuse of a conversation that it does not keep. */
function judged(answer: Handler): Handler {
  return (exchange) => {
    const problem = problemOf(exchange.request.body, exchange.request.path);
    return (problem === undefined ? answer : refusesResponse(400, { message: problem }))(exchange);
  };
}

function problemOf(body: JsonObject, path: string): string | undefined {
  if (path !== '/v1/responses') return 'no such route';
  if (body['store'] !== false) return 'something is kept upstream';
  const input = body['input'] as readonly JsonObject[];
  if (input.some((item) => 'id' in item || item['type'] === 'item_reference')) return 'Item not found';
  const isFollowed = (_item: JsonObject, index: number): boolean => {
    const next = input[index + 1] ?? {};
    return next['role'] === 'assistant' || next['type'] === 'function_call';
  };
  const reasoning = input.flatMap((item, index) => (item['type'] === 'reasoning' ? [{ item, index }] : []));
  if (!reasoning.every(({ item, index }) => isFollowed(item, index)))
    return 'reasoning was provided without its required following item';
  const ids = (type: string): string =>
    JSON.stringify(input.filter((item) => item['type'] === type).map((item) => item['call_id']));
  return ids('function_call') === ids('function_call_output') ? undefined : 'No tool output found';
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const provider = { wires: ['responses'], reasoning_scope: 'openai.com' };
  const model = { input: ['text', 'image'], reasoning_efforts: ['low', 'high'] };
  gateway = await TestGateway.start({ file: fileFor(upstream.url, { provider, model }) });
});
beforeEach(async () => {
  upstream.reset();
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function talkOver(api: string, surface: Surface, stream: boolean): Talk {
  const options: TalkOptions = {
    ...{ url: gateway.url, key, surface, stream, model: 'test-model' },
    instructions: 'Be brief.',
    tools: ['look', 'feel'],
  };
  if (api === 'messages') return new MessagesTalk(options);
  return api === 'chat' ? new ChatTalk(options) : new SummedUpTalk(options, api === 'chained responses');
}

/** What was said in three turns, and what went up for each. */
async function held(talk: Talk): Promise<{ said: readonly Said[]; sent: readonly JsonObject[] }> {
  upstream.reset();
  for (const answer of ANSWERS) upstream.next(judged(answer));
  talk.user('What is the weather?', PNG);
  const first = await talk.ask();
  first.calls.forEach(({ id }, index) => talk.output(id, index === 0 ? 'sun' : 'warm'));
  const second = await talk.ask(SCHEMA);
  talk.user('Thanks!');
  const third = await talk.ask();
  const sent = upstream.requests.map(({ body: { stream: _stream, ...body } }) => body);
  return { said: [first, second, third], sent };
}

const scoped = (own: string): string => `cmp1.openai~com.${own}`;
const reasoning = (encrypted_content: string, ...texts: readonly string[]): JsonObject => ({
  type: 'reasoning',
  summary: texts.map((text) => ({ type: 'summary_text', text })),
  encrypted_content,
});

describe('a conversation with encrypted reasoning, an image, two calls at once and a schema', () => {
  it('is the same over every API, in every form, on both surfaces, with all reasoning in its place', async () => {
    const { said, sent } = await held(talkOver('chat', '/external/v1', false));
    expect(said).toEqual([
      {
        text: 'I look. 🙂',
        reasoning: '**Looking**\n\nAt both.\n\nThen decide.',
        signatures: [scoped('gAAAfirst/+=')],
        calls: [
          { id: 'call_A', name: 'look', arguments: '{"at":"sky"}' },
          { id: 'call_B', name: 'feel', arguments: '{}' },
        ],
        isComplete: true,
        tokens: [100, 40, 80, 30],
      },
      expect.objectContaining({ text: '{"answer":"sun"}', reasoning: '', calls: [], isComplete: true }),
      expect.objectContaining({ text: 'You are welcome.', signatures: [scoped('gAAAthird==')] }),
    ]);
    expect(sent.at(-1)?.['input']).toEqual([
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Be brief.' }] },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is the weather?' },
          { type: 'input_image', image_url: PNG, detail: 'auto' },
        ],
      },
      reasoning('gAAAfirst/+=', '**Looking**\n\nAt both.\n\nThen decide.'),
      { type: 'message', role: 'assistant', content: 'I look. 🙂' },
      { type: 'function_call', call_id: 'call_A', name: 'look', arguments: '{"at":"sky"}' },
      { type: 'function_call', call_id: 'call_B', name: 'feel', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_A', output: 'sun' },
      { type: 'function_call_output', call_id: 'call_B', output: 'warm' },
      reasoning('gAAAsecond=='),
      { type: 'message', role: 'assistant', content: '{"answer":"sun"}' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Thanks!' }] },
    ]);
    expect(sent[1]).toMatchObject({
      reasoning: { effort: 'high', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      text: { format: { type: 'json_schema', name: 'a', schema: SCHEMA } },
    });

    for (const api of ['chat', 'responses', 'chained responses'])
      for (const surface of SURFACES)
        for (const stream of [true, false]) {
          const other = await held(talkOver(api, surface, stream));
          expect({ api, surface, stream, ...other }).toEqual({ api, surface, stream, said, sent });
        }
  });

  it('is the same over the Messages API, but for the ids of calls', async () => {
    const { said, sent } = await held(talkOver('chat', '/v1', false));
    const withoutIds = ({ calls, ...rest }: Said): object => ({
      ...rest,
      calls: calls.map(({ id: _own, ...call }) => call),
    });
    const inputs = (bodies: readonly JsonObject[]): unknown =>
      bodies.map(({ input }) => (input as readonly JsonObject[]).map(({ call_id: _own, ...item }) => item));
    for (const surface of SURFACES)
      for (const stream of [true, false]) {
        const other = await held(talkOver('messages', surface, stream));
        expect({ surface, stream, said: other.said.map(withoutIds) }).toEqual({
          ...{ surface, stream },
          said: said.map(withoutIds),
        });
        expect(inputs(other.sent)).toEqual(inputs(sent));
      }
  });
});
