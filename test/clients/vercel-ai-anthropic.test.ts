import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAnthropic, type AnthropicProviderOptions } from '@ai-sdk/anthropic';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { TestGateway } from '../support/gateway.js';
import { RecordedFetch } from './recorded-fetch.js';
import { SANDBOX_THAT_THINKS } from './sandbox-as-gpt.js';

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start({ file: SANDBOX_THAT_THINKS });
  ({ key } = await gateway.createKey({ budget_limit: '100000000' }));
});
afterAll(() => gateway.close());

const weather = tool({
  description: 'The weather in a city.',
  inputSchema: z.object({ city: z.string(), unit: z.enum(['C', 'F']) }),
  execute: ({ city, unit }) => ({ city, degrees: 21, unit }),
});
const thinking = {
  anthropic: { thinking: { type: 'enabled', budgetTokens: 1_024 } } satisfies AnthropicProviderOptions,
};

describe.each(['/v1', '/external/v1'])('the Vercel AI SDK for Anthropic at %s', (base) => {
  const anthropic = (recorded = new RecordedFetch(), apiKey = key) =>
    createAnthropic({ apiKey, baseURL: gateway.url + base, fetch: recorded.fetch });

  it('generates text', async () => {
    const { text, usage, finishReason, response } = await generateText({
      model: anthropic()('sandbox/echo'),
      system: 'You repeat.',
      prompt: 'one two three',
    });
    expect([text, finishReason]).toEqual(['one two three', 'stop']);
    expect(usage).toMatchObject({ inputTokens: 5, outputTokens: 3, totalTokens: 8 });
    expect(response.id).toMatch(/^msg_/);
  });

  it('streams text and reasoning', async () => {
    const stream = streamText({
      model: anthropic()('gpt-5.5'),
      prompt: 'Hello',
      maxOutputTokens: 2_000,
      providerOptions: thinking,
    });
    const parts: string[] = [];
    for await (const part of stream.fullStream) {
      if (part.type === 'error') throw part.error;
      if (parts.at(-1) !== part.type) parts.push(part.type);
    }
    expect(parts).toEqual([
      'start',
      'start-step',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ]);
    expect(await stream.text).toBe('This is the sandbox assistant. You wrote: Hello');
    expect(await stream.finishReason).toBe('stop');
  });

  it.each(['generateText', 'streamText'] as const)('runs a loop of tools with %s', async (call) => {
    const recorded = new RecordedFetch();
    const errors: unknown[] = [];
    const settings = {
      model: anthropic(recorded)('gpt-5.5'),
      prompt: 'Weather in Oslo?',
      tools: { weather },
      stopWhen: stepCountIs(3),
      maxOutputTokens: 2_000,
      providerOptions: thinking,
    };
    const onError = ({ error }: { readonly error: unknown }): void => void errors.push(error);
    const result =
      call === 'generateText' ? await generateText(settings) : streamText({ ...settings, onError });
    const steps = await result.steps;
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(steps[0]?.toolResults[0]?.output).toEqual({ city: 'sandbox', degrees: 21, unit: 'C' });
    expect(await result.text).toBe('The tools answered: {"city":"sandbox","degrees":21,"unit":"C"}');
    expect(errors).toEqual([]);
    const roles = (recorded.bodies[1]?.['messages'] as readonly { role: string }[]).map(({ role }) => role);
    expect(roles).toEqual(['user', 'assistant', 'user']);
  });

  it.each([
    ['sandbox/assistant:error=429', 429, true],
    ['sandbox/assistant:error=503', 503, true],
    ['nobody', 404, false],
  ])('reads the error of %s', async (model, statusCode, isRetryable) => {
    const asked = generateText({ model: anthropic()(model), prompt: 'Hello', maxRetries: 0 });
    await expect(asked).rejects.toMatchObject({ name: 'AI_APICallError', statusCode, isRetryable });
  });

  it('does not try again without budget', async () => {
    const { key: poor } = await gateway.createKey({ budget_limit: '1' });
    const model = anthropic(new RecordedFetch(), poor)('gpt-5.5');
    await expect(generateText({ model, prompt: 'Hello' })).rejects.toMatchObject({
      name: 'AI_APICallError',
      statusCode: 402,
      isRetryable: false,
      message: expect.stringContaining('The budget of this API key is used up'),
    });
  });

  it('reads an error in the middle of a stream', async () => {
    const errors: unknown[] = [];
    const stream = streamText({
      model: anthropic()('sandbox/echo:fail_after=2'),
      prompt: 'one two three',
      onError: ({ error }) => void errors.push(error),
    });
    await stream.consumeStream();
    expect(errors).toHaveLength(1);
  });
});
