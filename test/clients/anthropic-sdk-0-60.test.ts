import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Anthropic from 'anthropic-sdk-0-60';
import { TestGateway } from '../support/gateway.js';
import { SANDBOX_THAT_THINKS } from './sandbox-as-gpt.js';

const QUESTION = {
  model: 'gpt-5.5',
  max_tokens: 1_000,
  messages: [{ role: 'user', content: 'Weather in Oslo?' }],
} satisfies Anthropic.MessageCreateParamsNonStreaming;
const ANSWER = 'This is the sandbox assistant. You wrote: Weather in Oslo?';
const TOOLS: Anthropic.Tool[] = [
  {
    name: 'weather',
    description: 'The weather in a city.',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start({ file: SANDBOX_THAT_THINKS });
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

describe.each(['', '/external'])('Anthropic’s SDK before its first major version, at "%s"', (base) => {
  const client = (apiKey = key): Anthropic =>
    new Anthropic({ apiKey, baseURL: gateway.url + base, maxRetries: 0 });

  it('gets a Message whole, by its stream and by its helper', async () => {
    const whole = await client().messages.create(QUESTION);
    expect(whole).toMatchObject({ type: 'message', model: 'gpt-5.5', stop_reason: 'end_turn' });
    expect(whole.content).toEqual([{ type: 'text', text: ANSWER }]);
    const types: string[] = [];
    for await (const { type } of await client().messages.create({ ...QUESTION, stream: true }))
      if (types.at(-1) !== type) types.push(type);
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    let said = '';
    const stream = client()
      .messages.stream(QUESTION)
      .on('text', (text) => (said += text));
    const { content, usage } = await stream.finalMessage();
    expect([content, said]).toEqual([whole.content, ANSWER]);
    expect(usage).toMatchObject({ input_tokens: 3, output_tokens: whole.usage.output_tokens });
  });

  it('thinks', async () => {
    const { content } = await client()
      .messages.stream({
        ...QUESTION,
        max_tokens: 3_000,
        thinking: { type: 'enabled', budget_tokens: 1_024 },
      })
      .finalMessage();
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'text']);
  });

  it.each(['whole', 'streamed'] as const)('runs a loop of tools, %s', async (form) => {
    const messages: Anthropic.MessageParam[] = [...QUESTION.messages];
    const ask = (): Promise<Anthropic.Message> => {
      const body = { ...QUESTION, messages, tools: TOOLS };
      return form === 'whole'
        ? client().messages.create(body)
        : client().messages.stream(body).finalMessage();
    };
    const first = await ask();
    expect(first.stop_reason).toBe('tool_use');
    const [call] = first.content.filter((block) => block.type === 'tool_use');
    expect(call).toMatchObject({ id: expect.stringMatching(/^toolu_/), input: { city: 'sandbox' } });
    messages.push(
      { role: 'assistant', content: first.content },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: '21 C in sandbox' }],
      },
    );
    const second = await ask();
    expect([second.stop_reason, second.content]).toEqual([
      'end_turn',
      [{ type: 'text', text: 'The tools answered: 21 C in sandbox' }],
    ]);
  });

  it('counts, and lists models', async () => {
    const { model, messages } = QUESTION;
    const { input_tokens: counted } = await client().messages.countTokens({ model, messages, tools: TOOLS });
    expect(counted).toBeGreaterThan(3);
    const names: string[] = [];
    for await (const { id } of client().models.list({ limit: 2 })) names.push(id);
    expect(names).toContain('gpt-5.5');
    expect(await client().models.retrieve('gpt-5.5')).toMatchObject({ type: 'model', id: 'gpt-5.5' });
  });

  it('raises errors by their class, with the id of the request', async () => {
    const poor = (await gateway.createKey({ budget_limit: '1' })).key;
    const narrow = (await gateway.createKey({ allowed_models: ['sandbox/echo'] })).key;
    const { APIError, AuthenticationError, BadRequestError, InternalServerError } = Anthropic;
    const { NotFoundError, PermissionDeniedError, RateLimitError } = Anthropic;
    for (const [apiKey, fields, type, status] of [
      ['compose-not-a-key-at-all-000000', {}, AuthenticationError, 401],
      [key, { max_tokens: -1 }, BadRequestError, 400],
      [poor, {}, APIError, 402],
      [narrow, {}, PermissionDeniedError, 403],
      [key, { model: 'nobody' }, NotFoundError, 404],
      [key, { model: 'sandbox/assistant:error=429' }, RateLimitError, 429],
      [key, { model: 'sandbox/assistant:error=503' }, InternalServerError, 503],
    ] as const) {
      const asked = client(apiKey).messages.create({ ...QUESTION, ...fields });
      const failure: unknown = await asked.catch((thrown: unknown) => thrown);
      expect(failure).toBeInstanceOf(type);
      expect(failure).toMatchObject({ status, requestID: expect.stringMatching(/^req_/) });
    }
  });

  it('raises what ends a stream', async () => {
    const stream = client().messages.stream({ ...QUESTION, model: 'sandbox/echo:fail_after=1' });
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(Anthropic.APIError);
  });
});
