import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { judged } from '../../support/messages-judge.js';
import { answersMessage } from '../../support/messages-wire.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { type Api, SCHEMA, talkOver, threeTurns, WAYS } from '../../support/talks/talk-over.js';
import type { TalkOptions } from '../../support/talks/talk.js';

const THOUGHTS = new Map([
  ['EqQBFirst/+=', 'Look at both.\n\nThen decide. '],
  ['EqQBSecond==', 'It is sunny.'],
  ['EqQBHidden==', ''],
]);
const thinking = (signature: string): JsonObject => ({
  type: 'thinking',
  thinking: THOUGHTS.get(signature) ?? '',
  signature,
});
const use = (id: string, name: string, input: JsonObject): JsonObject => ({
  type: 'tool_use',
  id,
  name,
  input,
});

const ANSWERS = [
  answersMessage(
    [
      thinking('EqQBFirst/+='),
      { type: 'redacted_thinking', data: 'EmwKSecret' },
      { type: 'text', text: 'I look. 🙂' },
      use('toolu_01A', 'look', { at: 'sky' }),
      use('toolu_01B', 'feel', {}),
    ],
    {
      usage: {
        input_tokens: 100,
        cache_read_input_tokens: 1_000,
        cache_creation_input_tokens: 50,
        output_tokens: 80,
        output_tokens_details: { thinking_tokens: 30 },
      },
    },
  ),
  answersMessage([thinking('EqQBSecond=='), { type: 'text', text: '{"answer":"sun"}' }]),
  answersMessage([thinking('EqQBHidden=='), { type: 'text', text: 'You are welcome.' }]),
];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const provider = { type: 'anthropic', reasoning_scope: 'anthropic.com' };
  const model = {
    targets: [{ provider: 'upstream', model: 'claude-opus-4-6' }],
    context_window: 200_000,
    max_output_tokens: 20_000,
    input: ['text', 'image'],
  };
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
    ANSWERS.map((answer) => judged(THOUGHTS, answer)),
  );
}

describe('a conversation with thinking, an image, two calls at once and a schema', () => {
  it('is the same over every API, in every form, on both surfaces, and every signature is in its place', async () => {
    const { said, sent } = await held('chat', { surface: '/external/v1', stream: false });
    const scoped = (own: string): string => `cmp1.anthropic~com.${own}`;
    expect(said).toEqual([
      {
        text: 'I look. 🙂',
        reasoning: 'Look at both.\n\nThen decide. ',
        signatures: [scoped('tEqQBFirst/+='), scoped('rEmwKSecret')],
        calls: [
          { id: 'toolu_01A', name: 'look', arguments: '{"at":"sky"}' },
          { id: 'toolu_01B', name: 'feel', arguments: '{}' },
        ],
        isComplete: true,
        tokens: [1_150, 1_000, 80, 30],
      },
      expect.objectContaining({
        text: '{"answer":"sun"}',
        reasoning: 'It is sunny.',
        calls: [],
        isComplete: true,
      }),
      expect.objectContaining({
        text: 'You are welcome.',
        reasoning: '',
        signatures: [scoped('tEqQBHidden==')],
      }),
    ]);
    const turns = sent.at(-1)?.['messages'] as readonly { content: readonly JsonObject[] }[];
    expect(turns.map(({ content }) => content.map(({ type }) => type))).toEqual([
      ['text', 'image'],
      ['thinking', 'redacted_thinking', 'text', 'tool_use', 'tool_use'],
      ['tool_result', 'tool_result'],
      ['thinking', 'text'],
      ['text'],
    ]);
    expect(turns[1]?.content.slice(0, 2)).toEqual([
      thinking('EqQBFirst/+='),
      { type: 'redacted_thinking', data: 'EmwKSecret' },
    ]);
    expect(sent.map(({ thinking: config }) => config)).toEqual(
      Array(3).fill({ type: 'adaptive', display: 'summarized' }),
    );
    expect(sent[1]?.['output_config']).toEqual({
      effort: 'high',
      format: { type: 'json_schema', schema: SCHEMA },
    });

    for (const api of ['chat', 'responses', 'chained responses'] as const)
      for (const way of WAYS) {
        const other = await held(api, way);
        expect({ api, ...way, ...other }).toEqual({ api, ...way, said, sent });
      }
  });

  it('goes on without thinking where another model began the calls', async () => {
    const options: TalkOptions = {
      ...{ url: gateway.url, key, surface: '/v1', stream: true, model: 'sandbox/assistant' },
      ...{ instructions: 'Be brief.', tools: ['look'] },
    };
    const talk = talkOver('chained responses', options);
    talk.user('What is the weather?');
    const { calls } = await talk.ask();
    expect(calls).toHaveLength(1);
    talk.output(calls[0]!.id, 'sun');
    options.model = 'test-model';
    upstream.next(judged(THOUGHTS, ANSWERS[1]!)).next(judged(THOUGHTS, ANSWERS[2]!));
    expect((await talk.ask()).text).toBe('{"answer":"sun"}');
    talk.user('Thanks!');
    expect((await talk.ask()).text).toBe('You are welcome.');
    expect(upstream.requests.map(({ body }) => 'thinking' in body)).toEqual([false, true]);
  });
});
