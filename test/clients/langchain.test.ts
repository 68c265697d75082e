import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AIMessage,
  type AIMessageChunk,
  HumanMessage,
  SystemMessage,
  type BaseMessage,
} from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, type ChatOpenAIFields } from '@langchain/openai';
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

const chat = (fields: ChatOpenAIFields = {}, recorded = new RecordedFetch()): ChatOpenAI =>
  new ChatOpenAI({
    model: 'gpt-5.5',
    apiKey: key,
    configuration: { baseURL: `${gateway.url}/external/v1`, fetch: recorded.fetch },
    useResponsesApi: true,
    maxRetries: 0,
    ...fields,
  });

const weather = tool(({ city, unit }) => `21 ${unit} in ${city}`, {
  name: 'weather',
  description: 'The weather in a city.',
  schema: z.object({ city: z.string(), unit: z.enum(['C', 'F']) }),
});

describe('LangChain', () => {
  it('invokes', async () => {
    const answer = await chat({ model: 'sandbox/echo' }).invoke([
      new SystemMessage('You repeat.'),
      new HumanMessage('one two three'),
    ]);
    expect(answer.text).toBe('one two three');
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 5, output_tokens: 3, total_tokens: 8 });
    expect(answer.response_metadata).toMatchObject({ status: 'completed', object: 'response' });
  });

  it('streams', async () => {
    let whole: AIMessageChunk | undefined;
    for await (const chunk of await chat({ model: 'sandbox/echo' }).stream('one two three')) {
      whole = whole?.concat(chunk) ?? chunk;
    }
    expect(whole?.text).toBe('one two three');
    expect(whole?.usage_metadata).toMatchObject({ output_tokens: 3 });
  });

  it.each([
    ['invoked', async (model: Bound, messages: BaseMessage[]) => model.invoke(messages)],
    ['streamed', gathered],
  ])('runs the loop of tools, %s', async (_how, ask) => {
    const recorded = new RecordedFetch();
    const fields = { reasoning: { effort: 'low', summary: 'auto' } } as const;
    const model = chat(fields, recorded).bindTools([weather], { strict: true });
    const messages: BaseMessage[] = [new HumanMessage('Weather in Oslo?')];
    const first = await ask(model, messages);
    const [call] = first.tool_calls ?? [];
    expect(call).toMatchObject({ name: 'weather', args: { city: 'sandbox', unit: 'C' } });
    messages.push(first, await weather.invoke(call!));
    const second = await ask(model, messages);
    expect(second.text).toBe('The tools answered: 21 C in sandbox');
    expect(recorded.inputTypes[1]).toEqual(['message', 'reasoning', 'function_call', 'function_call_output']);
    messages.push(second, new HumanMessage('Thanks'));
    expect((await ask(model, messages)).tool_calls).toHaveLength(1);
  });

  it('carries a response on by its id', async () => {
    const model = chat();
    const first = await model.invoke('First');
    const second = await model.invoke('Second', {
      previous_response_id: String(first.response_metadata['id']),
    });
    expect(second.text).toBe('This is the sandbox assistant. You wrote: Second');
    expect(second.usage_metadata).toMatchObject({ input_tokens: 10 });
  });

  it('makes a structured output', async () => {
    const schema = z.object({ city: z.string(), degrees: z.number() });
    const model = chat().withStructuredOutput(schema, { name: 'weather', method: 'jsonSchema' });
    expect(await model.invoke('The weather.')).toEqual({ city: 'sandbox', degrees: 1 });
  });
});

type Bound = ReturnType<ChatOpenAI['bindTools']>;

async function gathered(model: Bound, messages: BaseMessage[]): Promise<AIMessage> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await model.stream(messages)) whole = whole?.concat(chunk) ?? chunk;
  if (!whole) throw new Error('nothing was streamed');
  return whole;
}
