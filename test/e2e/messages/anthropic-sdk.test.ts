import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callsTools, says, toolCall } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { refusal, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url, {
      model: { aliases: ['claude-sonnet-latest', 'claude-*'], display_name: 'Test' },
    }),
  });
  ({ key } = await gateway.createKey({ budget_limit: '1000000' }));
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const QUESTION = {
  model: 'test-model',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Hi' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming;

const weather = betaTool({
  name: 'weather',
  description: 'What the weather is like',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  run: ({ city }) => `sun in ${city}`,
});

describe.each([
  ['native', ''],
  ['external', '/external'],
])('the official SDK on the %s surface', (_surface, base) => {
  const client = (apiKey = key): Anthropic =>
    new Anthropic({ apiKey, baseURL: gateway.url + base, maxRetries: 0 });

  it('gets a Message, and puts the same together from its stream', async () => {
    upstream.always(says([{ reasoning_content: 'Hm.' }, { content: 'Hello' }, { content: ' there' }]));
    const whole = await client().messages.create(QUESTION);
    const streamed = await client().messages.stream(QUESTION).finalMessage();
    const shown = ({ content, stop_reason, model, role }: Anthropic.Message) => ({
      content,
      stop_reason,
      model,
      role,
    });
    expect(shown(streamed)).toEqual(shown(whole));
    expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect([whole.usage.input_tokens, streamed.usage.output_tokens]).toEqual([10, 5]);
  });

  it('runs tools on a thread, and sends only what is new', async () => {
    upstream.next(callsTools(toolCall('call_0', 'weather', '{"city":"Oslo"}')));
    upstream.next(callsTools(toolCall('call_0', 'weather', '{"city":"Rome"}')));
    upstream.next(says([{ content: 'Sunny.' }]));
    const answer = await client().beta.messages.toolRunner({
      ...QUESTION,
      system: 'Be brief.',
      messages: [{ role: 'user', content: 'Weather in Oslo, then in Rome?' }],
      tools: [weather],
    });
    expect(answer.content).toEqual([expect.objectContaining({ type: 'text', text: 'Sunny.' })]);
    const [, , last] = upstream.requests;
    const messages = last?.body['messages'] as readonly Record<string, unknown>[];
    expect(messages.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'tool',
      'assistant',
      'tool',
    ]);
    expect(messages.flatMap(({ role, content }) => (role === 'tool' ? content : []))).toEqual([
      'sun in Oslo',
      'sun in Rome',
    ]);
    expect(last?.body['tools']).toHaveLength(1);
    const id = answer.id.replace('msg_', 'resp_');
    const stored = await fetch(`${gateway.url}/v1/responses/${id}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await stored.json()).toMatchObject({
      id,
      status: 'completed',
      previous_response_id: expect.stringMatching(/^resp_/),
      output: [{ type: 'message' }],
    });
  });

  it('[error.thread_not_found] is told of a thread that is gone or somebody else’s, in the words that make it replay', async () => {
    const other = (await gateway.createKey({ account: 'other', budget_limit: '1000000' })).key;
    const theirs = await client(other).beta.messages.create({ ...QUESTION, thread: { type: 'create' } });
    for (const previous_message_id of [theirs.id, 'msg_0123', 'nonsense']) {
      const continued = client().beta.messages.create({
        ...QUESTION,
        thread: { type: 'continue', previous_message_id },
      });
      await expect(continued).rejects.toMatchObject({
        status: 404,
        error: { error: { details: { error_code: 'thread_not_found' } } },
      });
    }
    expect(upstream.requests).toHaveLength(1);
  });

  it('counts tokens and lists models, page by page', async () => {
    const { input_tokens: counted } = await client().messages.countTokens(QUESTION);
    expect(counted).toBeGreaterThan(0);
    const names: string[] = [];
    for await (const { id } of client().models.list({ limit: 1 })) names.push(id);
    expect(names).toEqual(expect.arrayContaining(['test-model', 'claude-sonnet-latest']));
    expect(names).not.toContain('claude-*');
    expect(await client().models.retrieve('claude-opus-9')).toMatchObject({
      type: 'model',
      id: 'claude-opus-9',
      display_name: 'Test',
      max_input_tokens: 100_000,
      max_tokens: 1_000,
    });
  });

  it('raises errors by their class', async () => {
    await expect(client('compose-not-a-key-at-all-000000').messages.create(QUESTION)).rejects.toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
    await expect(client().messages.create({ ...QUESTION, model: 'nobody' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    await expect(client().messages.create({ ...QUESTION, max_tokens: -1 })).rejects.toBeInstanceOf(
      Anthropic.BadRequestError,
    );
    upstream.always(refusal(429));
    await expect(client().messages.create(QUESTION)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
  });
});
