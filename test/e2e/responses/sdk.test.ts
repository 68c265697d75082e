import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { callsTools, messagesOf, nextStalls, says, toolCall } from '../../support/chat-scripts.js';
import { chatChunk, chatUsage } from '../../support/chat-wire.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

const TARGETS = [{ provider: 'upstream', model: 'upstream-model' }];
const MODEL = { targets: TARGETS, context_window: 100_000, max_output_tokens: 1_000 };
const PRICING = { input: 1, output: 2 };
const model = 'test-model';

const weather = {
  type: 'function' as const,
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: false,
};

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const models = ['test-model', 'other-model'].map((id) => ({ id, ...MODEL, pricing: PRICING }));
  gateway = await TestGateway.start({ file: { ...fileFor(upstream.url), models } });
  const { key } = await gateway.createKey({ budget_limit: '100000000' });
  client = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/external/v1`, maxRetries: 0 });
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

describe('the stock openai SDK', () => {
  it('creates a response and retrieves it', async () => {
    const response = await client.responses.create({ model, input: 'Hi', metadata: { kind: 'test' } });
    expect(response.output_text).toBe('Hello!');
    expect(response).toMatchObject({ status: 'completed', model, metadata: { kind: 'test' } });
    expect(response.usage).toMatchObject({ input_tokens: 10, output_tokens: 5, total_tokens: 15 });
    expect(await client.responses.retrieve(response.id)).toEqual(response);
  });

  it('parses what a JSON schema asks for', async () => {
    upstream.next(completion('{"city":"Oslo"}'));
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const response = await client.responses.parse<
      OpenAI.Responses.ResponseCreateParamsNonStreaming,
      { city: string }
    >({ model, input: 'Where?', text: { format: { type: 'json_schema', name: 'place', schema } } });
    expect(JSON.parse(response.output_text)).toEqual({ city: 'Oslo' });
    expect((await upstream.arrived(0)).body['response_format']).toMatchObject({
      type: 'json_schema',
      json_schema: { name: 'place', schema },
    });
  });

  it('streams to a final response, which is the stored one', async () => {
    upstream.next(completion('The quick brown fox'));
    const stream = client.responses.stream({ model, input: 'Hi' });
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => (text += delta));
    const final = await stream.finalResponse();
    expect(text).toBe('The quick brown fox');
    expect(final.output_text).toBe(text);
    const stored = await client.responses.retrieve(final.id);
    expect({ ...stored, output: undefined }).toMatchObject({ status: 'completed', id: final.id });
    expect(stored.output_text).toBe(text);
    const replayed = await client.responses.retrieve(final.id, { stream: true });
    let last: OpenAI.Responses.ResponseStreamEvent | undefined;
    for await (const event of replayed) last = event;
    expect(last).toMatchObject({ type: 'response.completed', response: { id: final.id } });
  });

  it('lists input items page by page, newest first', async () => {
    const input = Array.from({ length: 5 }, (_, index) => ({
      role: 'user' as const,
      content: `part ${index}`,
    }));
    const { id } = await client.responses.create({ model, input });
    const texts: unknown[] = [];
    for await (const item of client.responses.inputItems.list(id, { limit: 2 })) {
      if (item.type === 'message') texts.push(item.content[0]);
    }
    expect(texts).toEqual([4, 3, 2, 1, 0].map((index) => ({ type: 'input_text', text: `part ${index}` })));
    const first = await client.responses.inputItems.list(id, { limit: 1, order: 'asc' });
    expect(first.data).toHaveLength(1);
    expect(first.has_more).toBe(true);
    const second = await client.responses.inputItems.list(id, { order: 'asc', after: first.data[0]!.id });
    expect(second.data).toHaveLength(4);
    expect(second.has_more).toBe(false);
  });

  it('deletes', async () => {
    const { id } = await client.responses.create({ model, input: 'Hi' });
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.responses.inputItems.list(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.responses.delete(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(
      client.responses.create({ model, input: 'Hi', previous_response_id: id }),
    ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' });
  });

  it('cancels', async () => {
    const stalled = nextStalls(upstream, chatChunk({ role: 'assistant', content: 'Once' }));
    const stream = await client.responses.create({ model, input: 'Hi', stream: true });
    await stalled;
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type !== 'response.output_text.delta') continue;
      const id = events.flatMap((one) => ('response' in one ? [one.response.id] : []))[0]!;
      expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    }
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'cancelled' } });
  });

  it('loops over a tool, turn by turn and across models', async () => {
    upstream.next(callsTools(toolCall('call_1', 'get_weather', '{"city":"Oslo"}')));
    const first = await client.responses.create({ model, input: 'Weather in Oslo?', tools: [weather] });
    const call = first.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ call_id: 'call_1', arguments: '{"city":"Oslo"}', status: 'completed' });
    upstream.next(completion('It is sunny.'));
    const second = await client.responses.create({
      model: 'other-model',
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id: 'call_1', output: 'sunny' }],
      tools: [weather],
    });
    expect(second).toMatchObject({ model: 'other-model', previous_response_id: first.id });
    expect(messagesOf(await upstream.arrived(1))).toMatchObject([
      { role: 'user', content: 'Weather in Oslo?' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'get_weather' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
    ]);
    await client.responses.create({ model, previous_response_id: second.id, input: 'Thanks' });
    expect(messagesOf(await upstream.arrived(2)).slice(3)).toMatchObject([
      { role: 'assistant', content: 'It is sunny.' },
      { role: 'user', content: 'Thanks' },
    ]);
  });

  it('streams several tool calls at once', async () => {
    upstream.next(
      callsTools(
        toolCall('call_1', 'get_weather', '{"city":"Oslo"}'),
        toolCall('call_2', 'get_weather', '{"city":"Rome"}'),
        toolCall('call_3', 'get_weather', '{"city":"Bonn"}'),
      ),
    );
    const stream = client.responses.stream({ model, input: 'Weather?', tools: [weather] });
    const { output } = await stream.finalResponse();
    expect(output).toMatchObject(
      ['Oslo', 'Rome', 'Bonn'].map((city, index) => ({
        type: 'function_call',
        call_id: `call_${index + 1}`,
        arguments: JSON.stringify({ city }),
      })),
    );
  });

  it.each([
    ['length', 'max_output_tokens'],
    ['content_filter', 'content_filter'],
  ])('sees why an answer that ended with %s is incomplete', async (finish, reason) => {
    upstream.always(says([{ role: 'assistant', content: 'Once upon' }], finish, chatUsage(1500, 16)));
    const usage = { input_tokens: 1500, output_tokens: 16, total_tokens: 1516 };
    const whole = await client.responses.create({ model, input: 'Hi', max_output_tokens: 16 });
    expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, usage });
    expect(whole).toMatchObject({ output_text: 'Once upon', output: [{ status: 'incomplete' }] });
    const streamed = await client.responses
      .stream({ model, input: 'Hi', max_output_tokens: 16 })
      .finalResponse();
    expect(streamed).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, usage });
  });

  it('reports errors as the classes that callers catch', async () => {
    const nobody = new OpenAI({
      apiKey: 'compose-nobodynobodynobody',
      baseURL: client.baseURL,
      maxRetries: 0,
    });
    await expect(nobody.responses.create({ model, input: 'Hi' })).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
    await expect(client.responses.create({ model: 'nope', input: 'Hi' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(client.responses.create({ model, input: 3 as never })).rejects.toMatchObject({
      status: 400,
      param: 'input',
    });
  });
});
