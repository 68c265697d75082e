import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOpenAI, type OpenAILanguageModelResponsesOptions } from '@ai-sdk/openai';
import { generateText, Output, stepCountIs, streamText, tool, type ModelMessage, type ToolSet } from 'ai';
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

const openai = (recorded = new RecordedFetch()) =>
  createOpenAI({ apiKey: key, baseURL: `${gateway.url}/external/v1`, fetch: recorded.fetch });

const weather = tool({
  description: 'The weather in a city.',
  inputSchema: z.object({ city: z.string(), unit: z.enum(['C', 'F']) }),
  execute: ({ city, unit }) => ({ city, degrees: 21, unit }),
});

const reasoning = {
  openai: { reasoningEffort: 'low', reasoningSummary: 'auto' } satisfies OpenAILanguageModelResponsesOptions,
};

describe('the Vercel AI SDK', () => {
  it('generates text', async () => {
    const { text, usage, finishReason, response, warnings } = await generateText({
      model: openai().responses('sandbox/echo'),
      system: 'You repeat.',
      prompt: 'one two three',
    });
    expect(text).toBe('one two three');
    expect(finishReason).toBe('stop');
    expect(usage).toMatchObject({ inputTokens: 5, outputTokens: 3, totalTokens: 8 });
    expect(response.id).toMatch(/^resp_/);
    expect(warnings).toEqual([]);
  });

  it('streams text and reasoning', async () => {
    const stream = streamText({
      model: openai()('gpt-5.5'),
      prompt: 'Hello',
      providerOptions: reasoning,
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
    expect(await stream.reasoningText).toBe('The request is clear, so a short answer will do.');
    expect((await stream.usage).outputTokenDetails.reasoningTokens).toBeGreaterThan(0);
    expect(await stream.finishReason).toBe('stop');
  });

  it.each(['generateText', 'streamText'] as const)('runs tools with %s, referring to items', async (call) => {
    const recorded = new RecordedFetch();
    const settings = {
      model: openai(recorded)('gpt-5.5'),
      prompt: 'Weather in Oslo?',
      tools: { weather },
      stopWhen: stepCountIs(3),
      providerOptions: reasoning,
    };
    const result = call === 'generateText' ? await generateText(settings) : streamText(settings);
    const steps = await result.steps;
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(steps[0]?.toolResults[0]?.output).toEqual({ city: 'sandbox', degrees: 21, unit: 'C' });
    expect(await result.text).toBe('The tools answered: {"city":"sandbox","degrees":21,"unit":"C"}');
    expect(recorded.inputTypes).toEqual([
      ['message'],
      ['message', 'item_reference', 'function_call', 'function_call_output'],
    ]);
  });

  it('carries a conversation on, referring to what was said', async () => {
    const recorded = new RecordedFetch();
    const model = openai(recorded)('gpt-5.5');
    const messages: ModelMessage[] = [{ role: 'user', content: 'First' }];
    const first = await generateText({ model, messages, providerOptions: reasoning });
    messages.push(...first.response.messages, { role: 'user', content: 'Second' });
    const second = await generateText({ model, messages, providerOptions: reasoning });
    expect(second.text).toBe('This is the sandbox assistant. You wrote: Second');
    // Each word is a token, reasoning is not sent again: one, then one, eight and one.
    expect([first.usage.inputTokens, second.usage.inputTokens]).toEqual([1, 10]);
    expect(recorded.inputTypes[1]).toEqual(['message', 'item_reference', 'item_reference', 'message']);
  });

  it('carries a response on by its id', async () => {
    const model = openai()('gpt-5.5');
    const first = await generateText({ model, prompt: 'First' });
    const second = await generateText({
      model,
      prompt: 'Second',
      providerOptions: { openai: { previousResponseId: first.response.id } },
    });
    expect(second.text).toBe('This is the sandbox assistant. You wrote: Second');
    expect(second.usage.inputTokens).toBeGreaterThan(first.usage.inputTokens ?? 0);
  });

  it('runs tools without anything stored', async () => {
    const recorded = new RecordedFetch();
    const result = await generateText({
      model: openai(recorded)('gpt-5.5'),
      prompt: 'Weather in Oslo?',
      tools: { weather },
      stopWhen: stepCountIs(3),
      providerOptions: { openai: { store: false } },
    });
    expect(result.text).toMatch(/^The tools answered: /);
    expect(recorded.bodies[0]).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] });
    expect(recorded.inputTypes.flat()).not.toContain('item_reference');
  });

  it('answers without a hosted tool that the model cannot have', async () => {
    const provider = openai();
    const { text } = await generateText({
      model: provider('gpt-5.5'),
      prompt: 'Hello',
      // Its type does not fit its own package's under exactOptionalPropertyTypes.
      tools: { search: provider.tools.webSearch() as ToolSet[string] },
    });
    expect(text).toBe('This is the sandbox assistant. You wrote: Hello');
  });

  it('makes a structured output, whole and streamed', async () => {
    const schema = z.object({ city: z.string(), degrees: z.number().int(), sunny: z.boolean() });
    const settings = {
      model: openai()('gpt-5.5'),
      prompt: 'The weather as JSON.',
      output: Output.object({ schema, name: 'weather' }),
    };
    const expected = { city: 'sandbox', degrees: 1, sunny: true };
    expect((await generateText(settings)).output).toEqual(expected);
    const stream = streamText(settings);
    const partial: unknown[] = [];
    for await (const value of stream.partialOutputStream) partial.push(value);
    expect(partial.at(-1)).toEqual(expected);
    expect(await stream.output).toEqual(expected);
  });

  it('reads an error', async () => {
    const asked = generateText({
      model: openai().responses('sandbox/assistant:error=429'),
      prompt: 'Hello',
      maxRetries: 0,
    });
    await expect(asked).rejects.toMatchObject({
      name: 'AI_APICallError',
      statusCode: 429,
      isRetryable: true,
    });
  });

  it('reads an error in the middle of a stream', async () => {
    const errors: unknown[] = [];
    const stream = streamText({
      model: openai().responses('sandbox/echo:fail_after=2'),
      prompt: 'one two three',
      onError: ({ error }) => void errors.push(error),
    });
    await stream.consumeStream();
    expect(errors).toHaveLength(1);
  });
});
