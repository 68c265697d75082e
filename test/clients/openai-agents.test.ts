import { runInThisContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Agent,
  handoff,
  OpenAIConversationsSession,
  OpenAIProvider,
  Runner,
  tool,
  type RunConfig,
} from '@openai/agents';
import OpenAI from 'openai';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { TestGateway } from '../support/gateway.js';
import { RecordedFetch } from './recorded-fetch.js';
import { SANDBOX_AS_GPT } from './sandbox-as-gpt.js';

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start({ file: SANDBOX_AS_GPT });
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

const client = (recorded = new RecordedFetch()): OpenAI =>
  new OpenAI({ apiKey: key, baseURL: `${gateway.url}/external/v1`, fetch: recorded.fetch, maxRetries: 0 });

const runner = (openAIClient = client()): Runner =>
  new Runner({
    modelProvider: new OpenAIProvider({ openAIClient }),
    tracingDisabled: true,
  } satisfies Partial<RunConfig>);

const weather = tool({
  name: 'weather',
  description: 'The weather in a city.',
  parameters: z.object({ city: z.string(), unit: z.enum(['C', 'F']) }),
  execute: ({ city, unit }) => `21 ${unit} in ${city}`,
});

const agent = new Agent({
  name: 'Forecaster',
  instructions: 'Answer with the tool.',
  model: 'gpt-5.5',
  modelSettings: { reasoning: { effort: 'low', summary: 'auto' } },
  tools: [weather],
});

describe('the OpenAI Agents SDK', () => {
  it('runs the loop of tools', async () => {
    const recorded = new RecordedFetch();
    const result = await runner(client(recorded)).run(agent, 'Weather in Oslo?');
    expect(result.finalOutput).toBe('The tools answered: 21 C in sandbox');
    expect(result.newItems.map(({ type }) => type)).toEqual([
      'reasoning_item',
      'tool_call_item',
      'tool_call_output_item',
      'reasoning_item',
      'message_output_item',
    ]);
    expect(recorded.inputTypes[1]).toEqual(['message', 'reasoning', 'function_call', 'function_call_output']);
    expect(result.state.usage).toMatchObject({ requests: 2 });
    expect(result.state.usage.totalTokens).toBeGreaterThan(0);
  });

  it('streams a run', async () => {
    const stream = await runner().run(agent, 'Weather in Oslo?', { stream: true });
    let text = '';
    const raw = new Set<string>();
    const names: string[] = [];
    for await (const event of stream) {
      if (event.type === 'run_item_stream_event') names.push(event.name);
      if (event.type !== 'raw_model_stream_event') continue;
      raw.add(event.data.type);
      if (event.data.type === 'output_text_delta') text += event.data.delta;
    }
    await stream.completed;
    expect(text).toBe('The tools answered: 21 C in sandbox');
    expect(stream.finalOutput).toBe(text);
    expect(names).toEqual(expect.arrayContaining(['tool_called', 'tool_output', 'message_output_created']));
    expect([...raw]).toEqual(expect.arrayContaining(['response_started', 'model', 'response_done']));
  });

  it('carries a run on by the id of its last response', async () => {
    const recorded = new RecordedFetch();
    const plain = new Agent({ name: 'Plain', model: 'gpt-5.5' });
    const first = await runner(client(recorded)).run(plain, 'First');
    const previousResponseId = first.lastResponseId;
    if (previousResponseId === undefined) throw new Error('no response id');
    const second = await runner(client(recorded)).run(agent, 'Second', { previousResponseId });
    expect(second.finalOutput).toBe('The tools answered: 21 C in sandbox');
    expect(recorded.bodies.map(({ previous_response_id: id }) => id ?? null)).toEqual([
      null,
      previousResponseId,
      expect.stringMatching(/^resp_/),
    ]);
    expect(recorded.inputTypes[2]).toEqual(['function_call_output']);
  });

  it('carries a run on with its history', async () => {
    const first = await runner().run(agent, 'First');
    const second = await runner().run(agent, [...first.history, { role: 'user', content: 'Second' }]);
    expect(second.finalOutput).toBe('The tools answered: 21 C in sandbox');
  });

  it('makes a structured output', async () => {
    const outputType = z.object({ city: z.string(), degrees: z.number() });
    const reporter = new Agent({ name: 'Reporter', model: 'gpt-5.5', outputType });
    const result = await runner().run(reporter, 'The weather.');
    expect(result.finalOutput).toEqual({ city: 'sandbox', degrees: 1 });
  });

  it('hands off to another agent', async () => {
    const writer = new Agent({ name: 'Writer', model: 'sandbox/echo' });
    const desk = Agent.create({ name: 'Desk', model: 'gpt-5.5', handoffs: [handoff(writer)] });
    const result = await runner().run(desk, 'Write this down');
    expect(result.lastAgent?.name).toBe('Writer');
    expect(result.finalOutput).toBe('Write this down');
  });

  it('remembers a session in a conversation', async () => {
    const openAI = client();
    const session = new OpenAIConversationsSession({ client: openAI });
    const forecast = await runner(openAI).run(agent, 'Weather in Oslo?', { session });
    expect(forecast.finalOutput).toBe('The tools answered: 21 C in sandbox');
    const plain = new Agent({ name: 'Plain', model: 'gpt-5.5' });
    const stream = await runner(openAI).run(plain, 'Thanks', { session, stream: true });
    await stream.completed;
    expect(stream.finalOutput).toBe('This is the sandbox assistant. You wrote: Thanks');

    const items = await session.getItems();
    const kinds = ['message', 'reasoning', 'function_call', 'function_call_result', 'reasoning', 'message'];
    expect(items.map(({ type }) => type)).toEqual([...kinds, 'message', 'message']);
    expect(await session.getItems(2)).toEqual(items.slice(-2));
    expect(await session.popItem()).toEqual(items.at(-1));
    expect(await session.getItems()).toEqual(items.slice(0, -1));

    const id = await session.getSessionId();
    const reopened = new OpenAIConversationsSession({ client: openAI, conversationId: id });
    expect(await reopened.getItems()).toHaveLength(items.length - 1);
    await reopened.clearSession();
    await expect(openAI.conversations.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  it('carries a run on in a conversation', async () => {
    const openAI = client();
    const { id: conversationId } = await openAI.conversations.create({});
    const first = await runner(openAI).run(agent, 'Weather in Oslo?', { conversationId });
    expect(first.finalOutput).toBe('The tools answered: 21 C in sandbox');
    const { data } = await openAI.conversations.items.list(conversationId, { order: 'asc' });
    expect(data.map(({ type }) => type)).toEqual([
      'message',
      'reasoning',
      'function_call',
      'function_call_output',
      'reasoning',
      'message',
    ]);
  });

  it('runs and streams over a WebSocket', async () => {
    // What its documentation asks of a program on a Node without one, such as 20; where Node has loaded it.
    Object.assign(runInThisContext('globalThis') as object, { WebSocket });
    const recorded = new RecordedFetch();
    const modelProvider = new OpenAIProvider({
      openAIClient: client(recorded),
      useResponsesWebSocket: true,
      cacheResponsesWebSocketModels: true,
    });
    const socketRunner = new Runner({ modelProvider, tracingDisabled: true });
    const result = await socketRunner.run(agent, 'Weather in Oslo?');
    expect(result.finalOutput).toBe('The tools answered: 21 C in sandbox');
    const stream = await socketRunner.run(agent, 'Weather in Rome?', { stream: true });
    await stream.completed;
    expect(stream.finalOutput).toBe(result.finalOutput);
    expect(recorded.bodies).toEqual([]);
    await modelProvider.close();
  });
});
