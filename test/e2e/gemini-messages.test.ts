import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { contentsOf, geminiSays } from '../support/gemini-wire.js';
import { accumulated, type Block, type Message, MessagesClient } from '../support/messages-client.js';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';

const PNG = 'iVBORw0KGgo=';
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const TOOLS = [{ name: 'weather', input_schema: SCHEMA }];

/** The order in which Gemini says things: thoughts, calls of which the first is signed; then a text whose end is signed. */
const CALLS = [
  { text: 'I need both.', thought: true },
  { functionCall: { name: 'weather', args: { city: 'Rome' } }, thoughtSignature: 'U0lHLWNhbGw=' },
  { functionCall: { name: 'weather', args: { city: 'Oslo' } } },
];
const ANSWER = [
  { text: 'Easy.', thought: true },
  { text: 'Rome.', thoughtSignature: 'U0lHLXRleHQ=' },
];

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const provider = { type: 'google', base_url: new URL(upstream.url).origin };
  const { providers, models } = fileFor(upstream.url, { provider });
  const target = { provider: 'upstream', model: 'gemini-3.8-flash' };
  gateway = await TestGateway.start({ file: { providers, models: [{ ...models[0], targets: [target] }] } });
});
beforeEach(async () => {
  upstream.reset();
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('a conversation with Gemini over the Messages API', () => {
  it.each([
    ['', true],
    ['', false],
    ['/external', true],
    ['/external', false],
  ])('has every signature at its place (at "%s", stream: %p)', async (surface, stream) => {
    const client = new MessagesClient(gateway.url + surface, { 'x-api-key': key });
    const turns: object[] = [];
    const say = async (...content: object[]): Promise<Message> => {
      turns.push({ role: 'user', content });
      const body = { system: 'Be exact.', tools: TOOLS, messages: turns };
      const message = stream ? accumulated(await client.frames(body)) : await client.message(body);
      turns.push({ role: 'assistant', content: message.content });
      return message;
    };
    upstream
      .next(geminiSays(CALLS))
      .next(geminiSays(ANSWER))
      .next(geminiSays([{ text: 'Yes.' }]));

    const source = { type: 'base64', media_type: 'image/png', data: PNG };
    const asked = await say({ type: 'text', text: 'Which is warmer?' }, { type: 'image', source });
    expect(asked.stop_reason).toBe('tool_use');
    const calls = asked.content.filter(({ type }: Block) => type === 'tool_use');
    expect(calls.map(({ input }) => input)).toEqual([{ city: 'Rome' }, { city: 'Oslo' }]);
    const results = calls.map(({ id }, index) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: index === 0 ? '25' : '5',
    }));
    const answered = await say(...results);
    expect(answered.content.filter(({ type }) => type === 'text')).toMatchObject([{ text: 'Rome.' }]);
    await say({ type: 'text', text: 'Sure?' });

    expect(contentsOf(upstream, -1)).toEqual([
      {
        role: 'user',
        parts: [{ text: 'Which is warmer?' }, { inlineData: { mimeType: 'image/png', data: PNG } }],
      },
      { role: 'model', parts: CALLS.slice(1) },
      {
        role: 'user',
        parts: ['25', '5'].map((output) => ({ functionResponse: { name: 'weather', response: { output } } })),
      },
      { role: 'model', parts: ANSWER.slice(1) },
      { role: 'user', parts: [{ text: 'Sure?' }] },
    ]);
  });
});
