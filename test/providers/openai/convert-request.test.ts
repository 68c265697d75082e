import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../../src/catalog/model.js';
import type { JsonObject } from '../../../src/base/json.js';
import { convertRequest } from '../../../src/providers/openai/convert-request.js';
import type { TextRequest } from '../../../src/providers/text/text-request.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { modelFor, requestFor, settingsFor, targetFor } from '../support.js';

const messages = [{ role: 'user', content: 'Hi' }];

function convert(
  chat: JsonObject,
  request: Partial<TextRequest> = {},
  provider: Partial<ProviderSettings> = {},
): JsonObject {
  const target = targetFor(settingsFor('http://upstream.test/v1', provider));
  const prompt = chatPrompt({ messages, ...chat });
  return convertRequest(requestFor(modelFor([target]), { prompt, ...request }), target);
}

const bare = { model: 'upstream-model', messages };
const streamed = { ...bare, stream: true, stream_options: { include_usage: true } };

describe('a request on its way up', () => {
  it('names the upstream model, says nothing of storing, and asks streams for usage', () => {
    expect(convert({ model: 'public', store: true, stream_options: { include_usage: false } })).toEqual(
      streamed,
    );
    expect(convert({ model: 'public' }, { stream: false })).toEqual({ ...bare, stream: false });
    const options = { stream_options: { include_usage: true } };
    expect(convert(options, { stream: false })).toEqual({ ...bare, stream: false });
  });

  it('keeps the fields that shape the answer as they are', () => {
    const fields = {
      temperature: 0.5,
      top_p: 0.5,
      n: 2,
      stop: ['x'],
      presence_penalty: 1,
      frequency_penalty: -1,
      logit_bias: { 1: 2 },
      logprobs: true,
      top_logprobs: 3,
      seed: 7,
      tools: [{ type: 'function', function: { name: 'f' }, cache_control: { type: 'ephemeral' } }],
      tool_choice: 'required',
      parallel_tool_calls: false,
      response_format: { type: 'json_object' },
      reasoning_effort: 'high',
      verbosity: 'low',
      service_tier: 'flex',
      prediction: { type: 'content', content: 'x' },
      web_search_options: {},
      functions: [{ name: 'f' }],
      function_call: 'auto',
    };
    expect(convert(fields)).toEqual({ ...streamed, ...fields });
  });

  it.each([
    ['n', 1],
    ['presence_penalty', 0],
    ['frequency_penalty', 0],
    ['logprobs', false],
    ['service_tier', 'auto'],
    ['modalities', ['text']],
    ['seed', null],
    ['metadata', { a: 'b' }],
    ['top_k', 5],
    ['store', true],
    ['tools', []],
    ['tool_choice', 'auto'],
    ['tool_choice', 'none'],
    ['parallel_tool_calls', true],
    ['functions', []],
    ['function_call', 'auto'],
    ['stop', []],
    ['stop', ''],
    ['logit_bias', {}],
    ['response_format', { type: 'text' }],
    ['top_logprobs', 0],
    ['user', ''],
  ])('leaves out %s: %j', (field, value) => {
    expect(convert({ [field]: value })).toEqual(streamed);
  });

  it("passes on a temperature and top_p of 1, which are not every upstream's default", () => {
    expect(convert({ temperature: 1, top_p: 1 })).toEqual({ ...streamed, temperature: 1, top_p: 1 });
  });

  it('puts the one output cap into the field that the provider takes', () => {
    const chat = { max_tokens: 5, max_completion_tokens: 6 };
    expect(convert(chat, { outputCapTokens: 4 })).toEqual({ ...streamed, max_completion_tokens: 4 });
    expect(convert(chat, { outputCapTokens: 4 }, { tokenLimitField: 'max_tokens' })).toEqual({
      ...streamed,
      max_tokens: 4,
    });
    expect(convert(chat)).toEqual(streamed);
  });

  it('passes other fields only where the provider lists them, and never those that are decided here', () => {
    const chat = {
      top_k: 5,
      min_p: 1,
      metadata: { a: 'b' },
      store: true,
      max_tokens: 9,
      stream: 'x',
      user: 'u',
    };
    const passFields = ['top_k', 'absent', 'metadata', 'store', 'max_tokens', 'stream', 'constructor'];
    const { user, ...rest } = convert(chat, {}, { passFields });
    expect(rest).toEqual({ ...streamed, top_k: 5 });
    expect(user).not.toBe('u');
  });

  it('leaves out what says something of tools when the list of them is empty', () => {
    expect(convert({ tools: [], tool_choice: 'auto', parallel_tool_calls: false })).toEqual(streamed);
  });

  it('leaves out the fields that the provider refuses, or some of their values', () => {
    const omitFields = ['prompt_cache_key', 'stream_options', 'reasoning_effort=minimal', 'temperature=1'];
    const chat = { prompt_cache_key: 'k', reasoning_effort: 'minimal', temperature: 1, verbosity: 'low' };
    expect(convert(chat, {}, { omitFields })).toEqual({ ...bare, stream: true, verbosity: 'low' });
    expect(convert({ reasoning_effort: 'high' }, { stream: false }, { omitFields })).toEqual({
      ...bare,
      stream: false,
      reasoning_effort: 'high',
    });
  });

  it.each(['user', 'safety_identifier', 'prompt_cache_key'])('hashes %s with the account', (field) => {
    const expected = createHash('sha256').update('account-1\0alice').digest('hex');
    expect(convert({ [field]: 'alice' })[field]).toBe(expected);
    expect(convert({ [field]: 'alice' }, { account: 'account-2' })[field]).not.toBe(expected);
  });
});
