import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { ToolNames } from '../../../src/providers/google/tool-names.js';
import type { GenerationConfig } from '../../../src/providers/google/wire.js';
import { bodyOf } from './gemini-fixture.js';

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tool = (name: string): JsonObject => ({
  type: 'function',
  function: { name, description: `Does ${name}.`, parameters: PARAMETERS },
});
const TOOLS = [tool('weather'), tool('time')];
const declared = (name: string): JsonObject => ({
  name,
  description: `Does ${name}.`,
  parametersJsonSchema: PARAMETERS,
});
const configOf = (
  chat: JsonObject,
  options: Parameters<typeof bodyOf>[1] = {},
): GenerationConfig | undefined => bodyOf(chat, { model: 'm', ...options }).generationConfig;

describe('a request', () => {
  it('that asks for nothing has contents alone', () => {
    const neutral = {
      n: 1,
      stop: [],
      tools: [],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      presence_penalty: 0,
      frequency_penalty: 0,
      logprobs: false,
      logit_bias: {},
      response_format: { type: 'text' },
      service_tier: 'auto',
      modalities: ['text'],
      verbosity: 'low',
      user: 'u',
      metadata: { a: 'b' },
      prompt_cache_key: 'k',
      unknown: 1,
    };
    expect(bodyOf(neutral, { model: 'm' })).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
    });
  });

  it('has the settings of the answer under their names', () => {
    const chat = {
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: ['a', 'b'],
      n: 2,
      presence_penalty: 1,
      frequency_penalty: -1,
      logprobs: true,
      top_logprobs: 3,
    };
    expect(configOf(chat, { request: { outputCapTokens: 100 } })).toEqual({
      temperature: 0.5,
      topP: 0.9,
      maxOutputTokens: 100,
      stopSequences: ['a', 'b'],
      seed: 7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      candidateCount: 2,
      responseLogprobs: true,
      logprobs: 3,
    });
    expect(configOf({ logprobs: true, seed: 2 ** 40 + 5, stop: 'x' })).toEqual({
      responseLogprobs: true,
      seed: 5,
      stopSequences: ['x'],
    });
  });

  it('has the form of the answer', () => {
    expect(configOf({ response_format: { type: 'json_object' } })).toEqual({
      responseMimeType: 'application/json',
    });
    const format = {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { ...PARAMETERS, $schema: 's' } },
    };
    expect(configOf({ response_format: format })).toEqual({
      responseMimeType: 'application/json',
      responseJsonSchema: PARAMETERS,
    });
  });

  it('has a tier that is not the usual one, a search, and what the operator lets pass', () => {
    const body = bodyOf(
      { service_tier: 'flex', web_search_options: {}, safetySettings: [{ category: 'x' }], contents: [1] },
      { model: 'm', provider: { passFields: ['safetySettings', 'contents', 'absent'] } },
    );
    expect(body).toEqual({
      contents: [{ role: 'user', parts: [{ text: 'Hi' }] }],
      serviceTier: 'flex',
      tools: [{ googleSearch: {} }],
      safetySettings: [{ category: 'x' }],
    });
  });
});

describe('thinking', () => {
  it.each([
    ['gemini-3.8-flash', undefined, { includeThoughts: true }],
    ['gemini-3.8-flash', 'none', { includeThoughts: true, thinkingLevel: 'LOW' }],
    ['gemini-3.8-flash', 'minimal', { includeThoughts: true, thinkingLevel: 'LOW' }],
    ['gemini-3.8-flash', 'medium', { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
    ['gemini-3.8-flash', 'max', { includeThoughts: true, thinkingLevel: 'HIGH' }],
    ['gemini-3.5-flash-lite', 'none', { includeThoughts: true, thinkingLevel: 'MINIMAL' }],
    ['gemini-3-flash-preview', 'minimal', { includeThoughts: true, thinkingLevel: 'MINIMAL' }],
    ['gemini-3-pro-preview', 'medium', { includeThoughts: true, thinkingLevel: 'LOW' }],
    ['gemini-3.1-pro-preview', 'medium', { includeThoughts: true, thinkingLevel: 'MEDIUM' }],
    ['gemini-4-ultra', 'minimal', { includeThoughts: true, thinkingLevel: 'LOW' }],
    ['models/gemini-pro-latest', 'high', { includeThoughts: true, thinkingLevel: 'HIGH' }],
    ['gemini-2.5-pro', 'none', { includeThoughts: true, thinkingBudget: 128 }],
    ['gemini-2.5-pro', 'max', { includeThoughts: true, thinkingBudget: 32_768 }],
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
    ['gemini-2.5-flash', 'high', { includeThoughts: true, thinkingBudget: 24_576 }],
    ['gemini-2.5-flash-lite', 'low', { includeThoughts: true, thinkingBudget: 1_024 }],
    ['gemini-2.5-flash', undefined, { includeThoughts: true }],
    ['gemini-2.0-flash', 'high', undefined],
    ['gemini-2.5-flash-image', 'high', undefined],
    ['my-model', 'high', undefined],
  ])('of %s at the effort %s', (model, effort, thinkingConfig) => {
    const chat = effort === undefined ? {} : { reasoning_effort: effort };
    expect(bodyOf(chat, { model }).generationConfig?.thinkingConfig).toEqual(thinkingConfig);
  });

  it('takes the levels that the entry names', () => {
    const entry = { reasoningEfforts: ['minimal', 'high'] as const };
    const chat = { reasoning_effort: 'minimal' };
    expect(bodyOf(chat, { entry }).generationConfig?.thinkingConfig?.thinkingLevel).toBe('MINIMAL');
  });
});

describe('tools', () => {
  it.each<[string, JsonObject, JsonObject | undefined]>([
    ['no choice', {}, undefined],
    ['auto', { tool_choice: 'auto' }, undefined],
    ['none', { tool_choice: 'none' }, { mode: 'NONE' }],
    ['required', { tool_choice: 'required' }, { mode: 'ANY' }],
    [
      'a name',
      { tool_choice: { type: 'function', function: { name: 'time' } } },
      { mode: 'ANY', allowedFunctionNames: ['time'] },
    ],
    [
      'some, required',
      {
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'time' } }] },
        },
      },
      { mode: 'ANY', allowedFunctionNames: ['time'] },
    ],
  ])('are declared, with the choice: %s', (_name, choice, config) => {
    const { tools, toolConfig } = bodyOf({ tools: TOOLS, ...choice });
    expect(tools).toEqual([{ functionDeclarations: [declared('weather'), declared('time')] }]);
    expect(toolConfig).toEqual(config && { functionCallingConfig: config });
  });

  it('that are not among the allowed ones are left out where none is required', () => {
    const allowed = { mode: 'auto', tools: [{ type: 'function', function: { name: 'time' } }] };
    const body = bodyOf({ tools: TOOLS, tool_choice: { type: 'allowed_tools', allowed_tools: allowed } });
    expect(body.tools).toEqual([{ functionDeclarations: [declared('time')] }]);
    expect(body.toolConfig).toBeUndefined();
  });

  it('of plain text are functions with one text, and their calls too', () => {
    const grammar = { type: 'grammar', grammar: { syntax: 'regex', definition: '[0-9]+' } };
    const custom = { type: 'custom', custom: { name: 'sum', description: 'Adds.', format: grammar } };
    const called = { id: 'c', type: 'custom', custom: { name: 'sum', input: '1+1' } };
    const { tools, contents } = bodyOf({
      tools: [custom, { type: 'function', function: { name: 'bare' } }],
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: null, tool_calls: [called] },
      ],
    });
    const stated = 'Adds.\n\nThe input must match this grammar: {"syntax":"regex","definition":"[0-9]+"}';
    expect(tools?.[0]?.functionDeclarations).toEqual([
      {
        name: 'sum',
        description: stated,
        parametersJsonSchema: {
          type: 'object',
          properties: { input: { type: 'string' } },
          required: ['input'],
        },
      },
      { name: 'bare' },
    ]);
    expect(contents[1]?.parts[0]?.functionCall).toMatchObject({ name: 'sum', args: { input: '1+1' } });
  });
});

describe('the name of a tool', () => {
  const LONG = 'x'.repeat(80);

  it.each(['weather', '_a', 'a.b:c-d', 'x'.repeat(64)])('that fits stays: %s', (name) => {
    expect(new ToolNames([{ kind: 'function', name }]).of({ kind: 'function', name })).toBe(name);
  });

  it.each(['1st', '-a', 'ä b', '', LONG])(
    'that does not fit is replaced, always alike, and found again: %s',
    (name) => {
      const tool = { kind: 'function', name } as const;
      const names = new ToolNames([tool, { kind: 'function', name: 'other' }]);
      const fitted = names.of(tool);
      expect(fitted).toMatch(/^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/);
      expect(new ToolNames([]).of(tool)).toBe(fitted);
      expect(names.called(fitted)).toEqual(tool);
      expect(names.called(`default_api:${fitted}`)).toEqual(tool);
    },
  );

  it('is its own, also where two kinds or two long names share it', () => {
    const tools = [
      { kind: 'custom', name: 'a' },
      { kind: 'function', name: 'a' },
      { kind: 'function', name: `${LONG}1` },
      { kind: 'function', name: `${LONG}2` },
    ] as const;
    const names = new ToolNames(tools);
    const fitted = tools.map((tool) => names.of(tool));
    expect(new Set(fitted).size).toBe(4);
    expect(fitted.map((name) => names.called(name))).toEqual(tools);
    expect(names.called('unknown')).toEqual({ kind: 'function', name: 'unknown' });
  });
});
