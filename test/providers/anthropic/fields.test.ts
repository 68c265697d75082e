import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { unsupportedIn } from '../../../src/providers/anthropic/request/unsupported.js';
import { USER } from '../../support/chat-turns.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { bodyOf } from './request-fixture.js';

const BARE = {
  model: 'claude-opus-4-6',
  max_tokens: 10_000,
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
};

describe('a field of the request', () => {
  it.each<[JsonObject, JsonObject]>([
    [{}, {}],
    [
      { temperature: 0.3, top_p: 0.5 },
      { temperature: 0.3, top_p: 0.5 },
    ],
    [{ temperature: 1, top_p: 1 }, {}],
    [{ temperature: 1.7 }, {}],
    [{ temperature: 0 }, { temperature: 0 }],
    [{ stop: ['###', '\n', ' '] }, { stop_sequences: ['###'] }],
    [{ stop: '\n' }, {}],
    [{ n: 1, seed: null, logprobs: false, presence_penalty: 0, frequency_penalty: 0, logit_bias: {} }, {}],
    [
      { verbosity: 'low', metadata: { a: 'b' }, prompt_cache_key: 'k', store: true, modalities: ['text'] },
      {},
    ],
    [{ service_tier: 'auto' }, {}],
    [{ service_tier: 'default' }, { service_tier: 'standard_only' }],
    [{ response_format: { type: 'text' } }, {}],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object' } } } },
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
    ],
    [
      { response_format: { type: 'json_object' } },
      { system: [{ type: 'text', text: expect.stringContaining('JSON') }] as never },
    ],
    [{ top_k: 5 }, {}],
  ])('%j goes up as %j', (chat, fields) => {
    const plain = Object.fromEntries(Object.entries(chat).filter(([, value]) => value !== null));
    expect(bodyOf(plain)).toEqual({ ...BARE, ...fields });
  });

  it('names the limit of the call, else that of the model', () => {
    expect(bodyOf({}, { request: { outputCapTokens: 7 } })).toMatchObject({ max_tokens: 7 });
    expect(bodyOf({}, { model: { maxOutputTokens: 99 } })).toMatchObject({ max_tokens: 99 });
  });

  it('names the user as a hash that differs by account', () => {
    const bodies = ['a', 'b'].map((account) =>
      bodyOf({ user: 'jo', safety_identifier: 'id' }, { request: { account } }),
    );
    const [one, two] = bodies.map(({ metadata }) => (metadata as JsonObject)['user_id']);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(two).not.toBe(one);
    expect(bodyOf({ user: 'jo' }, { omitFields: ['metadata'] })).not.toHaveProperty('metadata');
  });

  it('that the operator lets through goes up, unless it is for the gateway to decide', () => {
    const provider = { passFields: ['top_k', 'system', 'logit_bias', 'functions'] };
    const chat = { top_k: 5, system: 'x', logit_bias: {}, functions: [] };
    expect(bodyOf(chat, { provider })).toEqual({ ...BARE, top_k: 5 });
  });
});

describe('a field that the operator omits', () => {
  it('does not go up, unless there is no body without it', () => {
    const omitFields = ['temperature', 'metadata', 'output_config', 'messages', 'max_tokens', 'model'];
    const chat = { temperature: 0.2, user: 'jo', reasoning_effort: 'low', stop: 'END' };
    expect(bodyOf(chat, { omitFields, model: { thinking: 'none' } })).toEqual({
      ...BARE,
      stop_sequences: ['END'],
    });
  });
});

describe('what the wire cannot say', () => {
  const audio = {
    role: 'user',
    content: [
      { type: 'text', text: 'a' },
      { type: 'input_audio', input_audio: { data: 'x', format: 'wav' } },
    ],
  };
  const sheet = {
    role: 'user',
    content: [{ type: 'file', file: { file_data: 'data:application/vnd.ms-excel;base64,AAAA' } }],
  };
  it.each<[JsonObject, string | undefined]>([
    [{}, undefined],
    [{ n: 2 }, 'n'],
    [{ logprobs: true }, 'logprobs'],
    [{ presence_penalty: 0.1 }, 'presence_penalty'],
    [{ frequency_penalty: -1 }, 'frequency_penalty'],
    [{ seed: 0 }, 'seed'],
    [{ logit_bias: { 5: 1 } }, 'logit_bias'],
    [{ prediction: { type: 'content', content: 'a' } }, 'prediction'],
    [{ web_search_options: {} }, 'web_search_options'],
    [{ functions: [{ name: 'a' }] }, 'functions'],
    [{ messages: [USER, audio] }, 'messages[1].content[1]'],
    [{ messages: [sheet] }, 'messages[0].content[0]'],
  ])('in %j is %s', (chat, param) => {
    expect(unsupportedIn(chatPrompt({ messages: [USER], ...chat }))?.param).toBe(param);
  });
});
