import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { expectSoundBooks } from '../support/books.js';
import { callsTools, toolCall } from '../support/chat-scripts.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import { contentsOf, geminiSays } from '../support/gemini-wire.js';
import { replayed } from '../support/recorded-answers.js';
import { ResponsesClient } from '../support/responses-client.js';
import { type Handler, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.js';

const TOOL = { type: 'function', name: 'look', parameters: { type: 'object' }, strict: false };
const EXCUSED = 'skip_thought_signature_validator';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: ResponsesClient;

/** Four providers at one upstream: two of Gemini's wire that share signatures, one alone, one of the chat wire. */
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const origin = new URL(upstream.url).origin;
  const { models } = fileFor(upstream.url);
  const providers = [
    { id: 'one', type: 'google', base_url: origin, reasoning_scope: 'shared' },
    { id: 'two', type: 'google', base_url: `${origin}/v1beta`, reasoning_scope: 'shared' },
    { id: 'alone', type: 'google', base_url: origin },
    {
      id: 'compatible',
      type: 'openai',
      base_url: `${origin}/v1beta/openai`,
      reasoning_scope: 'shared',
      profile: 'google',
    },
  ];
  gateway = await TestGateway.start({
    file: {
      providers,
      models: providers.map(({ id }) => ({
        ...models[0],
        id,
        targets: [{ provider: id, model: 'gemini-3.8-flash' }],
      })),
    },
  });
});
beforeEach(async () => {
  upstream.reset();
  const { key } = await gateway.createKey({ budget_limit: '100000000' });
  client = new ResponsesClient(gateway.url, key);
});
afterEach(() => expectSoundBooks(gateway.pool));
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** The call is made by one model, and its output goes to another. */
async function cross(from: string, script: Handler, to: string): Promise<JsonObject> {
  upstream.next(script);
  const first = await client.created({ model: from, tools: [TOOL], stream: false });
  const call = first.output.find((item) => item.type === 'function_call')!;
  const output = { type: 'function_call_output', call_id: call.call_id, output: 'x' };
  upstream.next(
    to === 'compatible' ? callsTools(toolCall('b', 'look', '{}')) : geminiSays([{ text: 'Done' }]),
  );
  await client.created({ model: to, previous_response_id: first.id, input: [output], tools: [TOOL] });
  return upstream.requests.at(-1)!.body;
}

const look = { functionCall: { name: 'look', args: {} }, thoughtSignature: 'U0lH' };

describe('a call that changes its provider', () => {
  it.each([
    ['one', 'U0lH'],
    ['two', 'U0lH'],
    ['alone', EXCUSED],
  ])('keeps its signature where providers share it, and is excused elsewhere: %s', async (to, signature) => {
    await cross('one', geminiSays([look]), to);
    expect(contentsOf(upstream, -1)).toMatchObject([
      {},
      { parts: [{ ...look, thoughtSignature: signature }] },
      {},
    ]);
  });

  it.each([
    ['one', 'SIG'],
    ['alone', EXCUSED],
  ])('goes on from the compatible endpoint: %s', async (to, signature) => {
    await cross('compatible', replayed('gemini-thought-signature-whole.json'), to);
    expect(contentsOf(upstream, -1)).toMatchObject([
      {},
      { parts: [{ ...look, thoughtSignature: signature }] },
      {},
    ]);
  });

  it.each([
    ['one', 'U0lH'],
    ['alone', EXCUSED],
  ])('goes on at the compatible endpoint: from %s', async (from, signature) => {
    const { messages } = await cross(from, geminiSays([look]), 'compatible');
    expect(messages).toMatchObject([
      {},
      { tool_calls: [{ extra_content: { google: { thought_signature: signature } } }] },
      {},
    ]);
  });

  it('of a model of another maker is excused, and its ids stay here', async () => {
    upstream.next(geminiSays([{ text: 'Done' }]));
    const made = await client.created({
      model: 'sandbox/assistant',
      tools: [TOOL],
      tool_choice: 'required',
      input: 'Look.',
    });
    const call = made.output.find((item) => item.type === 'function_call')!;
    const output = { type: 'function_call_output', call_id: call.call_id, output: 'x' };
    await client.created({ model: 'one', previous_response_id: made.id, input: [output], tools: [TOOL] });
    expect(contentsOf(upstream, -1)[1]).toMatchObject({
      parts: [{ functionCall: { name: 'look' }, thoughtSignature: EXCUSED }],
    });
  });
});
