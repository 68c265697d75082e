import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChatAnthropic, type ChatAnthropicInput } from '@langchain/anthropic';
import {
  type AIMessage,
  type AIMessageChunk,
  HumanMessage,
  SystemMessage,
  type BaseMessage,
} from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { z } from 'zod';
import { TestGateway } from '../support/gateway.js';
import { SANDBOX_THAT_THINKS } from './sandbox-as-gpt.js';

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start({ file: SANDBOX_THAT_THINKS });
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

const weather = tool(({ city, unit }) => `21 ${unit} in ${city}`, {
  name: 'weather',
  description: 'The weather in a city.',
  schema: z.object({ city: z.string(), unit: z.enum(['C', 'F']) }),
});

describe.each(['', '/external'])('LangChain for Anthropic at "%s"', (base) => {
  const chat = (fields: ChatAnthropicInput = {}): ChatAnthropic =>
    new ChatAnthropic({
      model: 'gpt-5.5',
      apiKey: key,
      anthropicApiUrl: gateway.url + base,
      maxTokens: 2_000,
      maxRetries: 0,
      ...fields,
    });

  it('invokes', async () => {
    const answer = await chat({ model: 'sandbox/echo' }).invoke([
      new SystemMessage('You repeat.'),
      new HumanMessage('one two three'),
    ]);
    expect(answer.text).toBe('one two three');
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 5, output_tokens: 3, total_tokens: 8 });
    expect(answer.response_metadata).toMatchObject({ stop_reason: 'end_turn', model: 'sandbox/echo' });
  });

  it('streams, and adds its usage up right', async () => {
    const whole = await gathered(chat({ model: 'sandbox/echo' }), [new HumanMessage('one two three')]);
    expect(whole.text).toBe('one two three');
    // It takes its input from the beginning of the stream, where there is an estimate.
    expect(whole.usage_metadata).toMatchObject({ input_tokens: expect.any(Number), output_tokens: 3 });
  });

  it.each([
    ['invoked', async (model: Asked, messages: BaseMessage[]) => model.invoke(messages)],
    ['streamed', gathered],
  ])('runs a loop of tools, %s', async (_how, ask) => {
    const model = chat({ thinking: { type: 'enabled', budget_tokens: 1_024 } }).bindTools([weather]);
    const messages: BaseMessage[] = [new HumanMessage('Weather in Oslo?')];
    const first = await ask(model, messages);
    const [call] = first.tool_calls ?? [];
    expect(call).toMatchObject({ name: 'weather', args: { city: 'sandbox', unit: 'C' } });
    messages.push(first, await weather.invoke(call!));
    const second = await ask(model, messages);
    expect(second.text).toBe('The tools answered: 21 C in sandbox');
    messages.push(second, new HumanMessage('Thanks'));
    expect((await ask(model, messages)).tool_calls).toHaveLength(1);
  });

  it.each([
    ['sandbox/assistant:error=429', 429],
    ['sandbox/assistant:error=503', 503],
    ['nobody', 404],
  ])('reads the error of %s', async (model, status) => {
    await expect(chat({ model }).invoke('Hello')).rejects.toMatchObject({ status });
  });

  it('reads an error in the middle of a stream', async () => {
    const model = chat({ model: 'sandbox/echo:fail_after=2' });
    await expect(gathered(model, [new HumanMessage('one two three')])).rejects.toThrow();
  });
});

type Asked = Pick<ChatAnthropic, 'invoke' | 'stream'>;

async function gathered(model: Asked, messages: BaseMessage[]): Promise<AIMessage> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await model.stream(messages)) whole = whole?.concat(chunk) ?? chunk;
  if (!whole) throw new Error('nothing was streamed');
  return whole;
}
