import { describe, expect, it } from '@jest/globals';
import { GENERIC_PROFILE } from '../../../src/catalog/provider-profiles.js';
import type { JsonObject } from '../../../src/base/json.js';
import { findRemedy, isLasting } from '../../../src/providers/openai/find-remedy.js';
import { LearntProfiles } from '../../../src/providers/text/learnt-profiles.js';
import { readError } from '../../../src/providers/read-error.js';
import { recordedJson } from '../../support/recorded-answers.js';

const sent = {
  messages: [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'x' },
  ],
  prompt_cache_key: 'k',
  user: 'u',
  verbosity: 'low',
  reasoning_effort: 'minimal',
  parallel_tool_calls: false,
  stream_options: { include_usage: true },
  max_completion_tokens: 5,
  temperature: 1,
};

function remedyFor(body: unknown, status = 400, asked: JsonObject = sent): unknown {
  return findRemedy(status, readError(body), asked, GENERIC_PROFILE);
}

describe('a refusal that names what can be left out', () => {
  it.each<[string, object]>([
    ['google-unknown-name.400.json', { omitFields: ['prompt_cache_key'] }],
    ['google-unknown-word.400.json', { omitFields: ['user'] }],
    ['google-field-violation.400.json', { omitFields: ['parallel_tool_calls'] }],
    ['groq-unsupported-property.400.json', { omitFields: ['prompt_cache_key'] }],
    ['cerebras-unsupported-property.400.json', { omitFields: ['user'] }],
    ['azure-unrecognized-argument.400.json', { omitFields: ['prompt_cache_key'] }],
    ['fastapi-extra-forbidden.422.json', { omitFields: ['stream_options'] }],
    ['openai-unsupported-parameter.400.json', { omitFields: ['parallel_tool_calls'] }],
    ['openai-unsupported-value.400.json', { omitFields: ['reasoning_effort=minimal'] }],
    ['openai-unsupported-default.400.json', { omitFields: ['temperature=1'] }],
    ['mistral-token-limit-forbidden.422.json', { tokenLimitField: 'max_tokens' }],
    ['mistral-tool-call-id.400.json', { toolCallIds: 'nine' }],
    ['mistral-message-order.400.json', { assistantAfterTools: true }],
    ['deepseek-reasoning-missing.400.json', { reasoningContent: 'always' }],
    ['kimi-reasoning-missing.400.json', { reasoningContent: 'always' }],
  ])('as %s does, has a remedy', (name, remedy) => {
    const body = recordedJson(name);
    expect(remedyFor(body)).toEqual(remedy);
    expect(remedyFor(body, 422)).toEqual(remedy);
    expect(remedyFor(body, 500)).toBeUndefined();
  });

  it('has none for what was not sent, for what shapes the answer, and for words that are no names', () => {
    expect(remedyFor({ error: { param: 'prompt_cache_key' } }, 400, { messages: [] })).toBeUndefined();
    expect(
      remedyFor({ error: { param: 'temperature' } }, 400, { ...sent, temperature: 0.5 }),
    ).toBeUndefined();
    expect(remedyFor({ error: { param: 'messages[0].content' } })).toBeUndefined();
    expect(remedyFor({ error: { message: "Unexpected role 'user' after role 'tool'" } })).toBeUndefined();
    expect(remedyFor({ error: { message: 'the user said verbosity' } })).toBeUndefined();
    expect(
      remedyFor({ error: { message: "'max_tokens' or 'max_completion_tokens' is too large: 8000" } }),
    ).toBeUndefined();
  });

  it('takes reasoning away from a service that got it and names it', () => {
    const messages = [{ role: 'assistant', content: 'x', reasoning_content: 'hm' }];
    const body = { error: { message: "property 'reasoning_content' is unsupported" } };
    expect(remedyFor(body, 400, { messages })).toEqual({ reasoningContent: 'never' });
    const detail = [
      { type: 'extra_forbidden', loc: ['body', 'messages', 1, 'assistant', 'reasoning_content'] },
    ];
    const mixed = [...messages, { role: 'assistant', content: 'y' }];
    expect(remedyFor({ detail }, 422, { messages: mixed })).toEqual({ reasoningContent: 'never' });
  });

  it('goes back to the newer field only when the older one is not known at all', () => {
    const body = { max_tokens: 5 };
    expect(remedyFor({ error: { param: 'max_tokens', code: 'unsupported_parameter' } }, 400, body)).toEqual({
      tokenLimitField: 'max_completion_tokens',
    });
    expect(remedyFor({ error: { param: 'max_tokens', code: 'invalid_value' } }, 400, body)).toBeUndefined();
  });
});

describe("a field's name that an upstream repeats", () => {
  const chat = (more: JsonObject): JsonObject => ({ ...sent, ...more });
  const tool = (name: string, properties: JsonObject = {}): JsonObject => ({
    tools: [{ type: 'function', function: { name, parameters: { type: 'object', properties } } }],
  });
  const said = (content: string): JsonObject => ({ messages: [{ role: 'user', content }] });

  it.each<[string, JsonObject, JsonObject]>([
    ['a tool', tool('stream_options-reasoning_effort'), { message: "Bad 'stream_options-reasoning_effort'" }],
    ['a cut tool', tool('xstream_options'), { message: 'Bad stream_options' }],
    ['a tool that is a word', tool('user'), { message: "Unknown name 'user'" }],
    ['a schema', tool('f', { verbosity: 1 }), { message: 'Invalid schema: "verbosity" is not an object' }],
    [
      'a message',
      said('Unknown name "prompt_cache_key"'),
      { message: 'Bad: Unknown name "prompt_cache_key"' },
    ],
    ['a message, in quotes', said('I am "user" 1'), { message: 'Bad: I am "user" 1' }],
    ['reasoning', said('reasoning_content'), { message: 'Bad reasoning_content' }],
    ['any text', {}, { param: 'tools[0].function.name', message: 'Bad prompt_cache_key' }],
    ['a path', tool('f', { user: 1 }), { param: 'tools.0.function.parameters.properties.user' }],
    ['a place', {}, { param: 'messages[0].content', message: "property 'user' is unsupported" }],
  ])('from %s is not taken for its word', (_from, more, error) => {
    const asked = chat({ ...tool('plain'), ...more });
    expect(remedyFor({ error }, 400, asked)).toBeUndefined();
    const named = { error: { message: 'Unknown name "parallel_tool_calls"' } };
    expect(remedyFor(named, 400, asked)).toEqual({ omitFields: ['parallel_tool_calls'] });
  });

  it.each<[boolean, JsonObject]>([
    [true, { message: 'Unknown name "verbosity": Cannot find field.' }],
    [true, { message: "property 'verbosity' is unsupported" }],
    [true, { message: 'Unrecognized request argument supplied: verbosity', param: 'verbosity' }],
    [true, { message: "Unsupported parameter: 'verbosity' is not supported with this model." }],
    [true, { param: 'verbosity', code: 'unknown_parameter' }],
    [true, { detail: [{ type: 'extra_forbidden', loc: ['body', 'verbosity'] }] }],
    [true, { type: 'invalid_function_call' }],
    [false, { message: 'Function tools with reasoning_effort are not supported with this model' }],
    [false, { param: 'reasoning_effort', code: 'unsupported_value' }],
    [
      false,
      { param: 'reasoning_effort', code: 'unsupported_parameter', message: 'Not supported with tools' },
    ],
    [false, { param: 'temperature', code: 'invalid_value' }],
    [false, { param: 'verbosity', message: 'Refused: I know an unknown field' }],
  ])('is lasting news (%s) as it stands in %j', (lasting, error) => {
    const asked = chat({ messages: [{ role: 'user', content: 'I know an unknown field' }] });
    const read = readError({ error });
    expect(isLasting(read, asked, findRemedy(400, read, asked, GENERIC_PROFILE)!)).toBe(lasting);
  });
});

describe('what was learnt of a model', () => {
  it('is added to what its provider says, and to nothing of another model', () => {
    const learnt = new LearntProfiles({ ...GENERIC_PROFILE, omitFields: ['user'] });
    learnt.learn('m', { omitFields: ['verbosity'] });
    learnt.learn('m', { omitFields: ['verbosity'] });
    learnt.learn('m', { toolCallIds: 'nine' });
    expect(learnt.of('m', { omitFields: ['stream_options'] })).toEqual({
      ...GENERIC_PROFILE,
      toolCallIds: 'nine',
      omitFields: ['user', 'verbosity', 'stream_options'],
    });
    expect(learnt.of('m', undefined).omitFields).toEqual(['user', 'verbosity']);
    expect(learnt.of('n', undefined).omitFields).toEqual(['user']);
  });

  it('is bounded', () => {
    const learnt = new LearntProfiles(GENERIC_PROFILE);
    for (let number = 0; number < 1_001; number += 1) learnt.learn(`m${number}`, { omitFields: ['user'] });
    expect(learnt.of('m0', undefined).omitFields).toEqual([]);
    expect(learnt.of('m1', undefined).omitFields).toEqual(['user']);
    for (let number = 0; number < 100; number += 1) learnt.learn('m1', { omitFields: [`f${number}`] });
    expect(learnt.of('m1', undefined).omitFields).toHaveLength(32);
  });
});
