import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { responsesProblem } from '../../support/responses-judge.js';
import {
  answersResponse,
  callItem,
  messageItem,
  reasoningItem,
  refusesResponse,
  textPart,
} from '../../support/responses-wire.js';
import {
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { type Api, PNG, SCHEMA, talkOver, threeTurns, WAYS } from '../../support/talks/talk-over.js';
import type { Said, TalkOptions } from '../../support/talks/talk.js';

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

function judged(answer: Handler): Handler {
  return (exchange) => {
    const message = responsesProblem(exchange.request.body, exchange.request.path);
    return (message === undefined ? answer : refusesResponse(400, { message }))(exchange);
  };
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

type Way = Pick<TalkOptions, 'surface' | 'stream'>;

function held(api: Api, way: Way): ReturnType<typeof threeTurns> {
  const options: TalkOptions = {
    ...{ url: gateway.url, key, ...way, model: 'test-model' },
    ...{ instructions: 'Be brief.', tools: ['look', 'feel'] },
  };
  return threeTurns(
    talkOver(api, options),
    upstream,
    ANSWERS.map((answer) => judged(answer)),
  );
}

const scoped = (own: string): string => `cmp1.openai~com.${own}`;
const reasoning = (encrypted_content: string, ...texts: readonly string[]): JsonObject => ({
  type: 'reasoning',
  summary: texts.map((text) => ({ type: 'summary_text', text })),
  encrypted_content,
});

describe('a conversation with encrypted reasoning, an image, two calls at once and a schema', () => {
  it('is the same over every API, in every form, on both surfaces, with all reasoning in its place', async () => {
    const { said, sent } = await held('chat', { surface: '/external/v1', stream: false });
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

    for (const api of ['chat', 'responses', 'chained responses'] as const)
      for (const way of WAYS) {
        const other = await held(api, way);
        expect({ api, ...way, ...other }).toEqual({ api, ...way, said, sent });
      }
  });

  it('is the same over the Messages API, but for the ids of calls', async () => {
    const { said, sent } = await held('chat', { surface: '/v1', stream: false });
    const withoutIds = ({ calls, ...rest }: Said): object => ({
      ...rest,
      calls: calls.map(({ id: _own, ...call }) => call),
    });
    const inputs = (bodies: readonly JsonObject[]): unknown =>
      bodies.map(({ input }) => (input as readonly JsonObject[]).map(({ call_id: _own, ...item }) => item));
    for (const way of WAYS) {
      const other = await held('messages', way);
      expect({ ...way, said: other.said.map(withoutIds) }).toEqual({ ...way, said: said.map(withoutIds) });
      expect(inputs(other.sent)).toEqual(inputs(sent));
    }
  });
});
