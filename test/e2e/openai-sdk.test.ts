import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { weatherTool } from './weather-tool.js';
import { TestGateway } from '../support/gateway.js';

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

const client = (path: string): OpenAI =>
  new OpenAI({ apiKey: key, baseURL: `${gateway.url}${path}`, maxRetries: 0 });

const messages = [{ role: 'user' as const, content: 'one two three' }];

describe.each(['/external/v1', '/v1'])('the stock openai SDK on %s', (path) => {
  it('creates a completion with its usage', async () => {
    const completion = await client(path).chat.completions.create({ model: 'sandbox/echo', messages });
    expect(completion.choices[0]?.message).toMatchObject({ role: 'assistant', content: 'one two three' });
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 });
    expect(completion.id).toMatch(/^resp_[A-Za-z0-9]{32}$/);
    expect('compose_receipt' in completion).toBe(path === '/v1');
  });

  it('streams', async () => {
    const stream = await client(path).chat.completions.create({
      model: 'sandbox/echo',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let totalTokens: number | undefined;
    for await (const chunk of stream) {
      // The SDK hands named events on as they are.
      if (!('choices' in chunk)) continue;
      text += chunk.choices[0]?.delta.content ?? '';
      totalTokens = chunk.usage?.total_tokens ?? totalTokens;
    }
    expect(text).toBe('one two three');
    expect(totalTokens).toBe(6);
  });

  it('calls tools and answers with their outputs', async () => {
    const first = await client(path).chat.completions.create({
      model: 'sandbox/assistant',
      messages: [{ role: 'user', content: 'Weather?' }],
      tools: [weatherTool],
    });
    const call = first.choices[0]?.message.tool_calls?.[0];
    if (call?.type !== 'function') throw new Error('no function call');
    expect(call.function.name).toBe('get_weather');
    expect(JSON.parse(call.function.arguments)).toMatchObject({ city: expect.any(String) as unknown });
    const second = await client(path).chat.completions.create({
      model: 'sandbox/assistant',
      messages: [
        { role: 'user', content: 'Weather?' },
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: 'sunny' },
      ],
      tools: [weatherTool],
    });
    expect(second.choices[0]?.message.content).toContain('sunny');
  });

  it('reports errors as the SDK classes that callers catch', async () => {
    const wrong = new OpenAI({
      apiKey: 'compose-nobodynobodynobody',
      baseURL: `${gateway.url}${path}`,
      maxRetries: 0,
    });
    await expect(wrong.chat.completions.create({ model: 'sandbox/echo', messages })).rejects.toBeInstanceOf(
      OpenAI.AuthenticationError,
    );
    await expect(client(path).chat.completions.create({ model: 'nope', messages })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(
      client(path).chat.completions.create({ model: 'sandbox/echo:error=429', messages }),
    ).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  });

  it('lists models', async () => {
    const ids = (await client(path).models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['sandbox/echo', 'sandbox/assistant']));
    expect((await client(path).models.retrieve('sandbox/echo')).id).toBe('sandbox/echo');
  });
});

describe('the stream helper on /external/v1', () => {
  it('collects a final completion, tool calls included', async () => {
    const stream = client('/external/v1').chat.completions.stream({
      model: 'sandbox/assistant',
      messages: [{ role: 'user', content: 'Weather?' }],
      tools: [weatherTool],
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls');
    const call = completion.choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } });
    expect((await stream.totalUsage()).total_tokens).toBeGreaterThan(0);
  });

  it('throws what a stream that fails in the middle says', async () => {
    const stream = client('/external/v1').chat.completions.stream({
      model: 'sandbox/echo:fail_after=2',
      messages: [{ role: 'user', content: 'one two three four' }],
    });
    await expect(stream.finalChatCompletion()).rejects.toMatchObject({ code: 'upstream_error' });
  });
});
