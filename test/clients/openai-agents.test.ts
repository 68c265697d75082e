import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, handoff, OpenAIProvider, Runner, tool, type RunConfig } from '@openai/agents';
import OpenAI from 'openai';
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
});
