import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { convertUsage, usageOf } from '../../../src/providers/openai/convert-usage.js';
import { mapFinishReason } from '../../../src/providers/openai/map-finish-reason.js';
import { chatUsage } from '../../support/chat-wire.js';

describe('finish reasons', () => {
  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['function_call', 'function_call'],
    ['end_turn', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['tool_use', 'tool_calls'],
    ['something new', 'stop'],
    ['Network_Error', 'failed'],
    ['function_call_filter: MALFORMED_FUNCTION_CALL', 'failed'],
    ['content_filter: PROHIBITED_CONTENT', 'content_filter'],
    ['model_context_window_exceeded', 'length'],
    ['', undefined],
    [null, undefined],
  ])('%p is %p', (reason, expected) => {
    expect(mapFinishReason(reason)).toBe(expected);
  });
});

describe('usage', () => {
  it('takes the parts of both totals', () => {
    const usage = {
      ...chatUsage(100, 50),
      prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 40 },
    };
    expect(convertUsage(usage)).toEqual({
      usage: {
        inputTokens: 100,
        cachedInputTokens: 30,
        cacheWriteTokens: 20,
        outputTokens: 50,
        reasoningTokens: 40,
      },
      raw: usage,
    });
  });

  it('reads the cache fields of Anthropic', () => {
    const usage = { ...chatUsage(100, 50), cache_read_input_tokens: 1, cache_creation_input_tokens: 2 };
    expect(convertUsage(usage)?.usage).toMatchObject({ cachedInputTokens: 1, cacheWriteTokens: 2 });
  });

  it('cuts parts to their totals', () => {
    const usage = {
      ...chatUsage(10, 5),
      prompt_tokens_details: { cached_tokens: 8, cache_write_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 9 },
    };
    expect(convertUsage(usage)?.usage).toEqual({
      inputTokens: 10,
      cachedInputTokens: 8,
      cacheWriteTokens: 2,
      outputTokens: 5,
      reasoningTokens: 5,
    });
  });

  it('counts reasoning as output where the total says that it is beside the completion', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 115,
      completion_tokens_details: { reasoning_tokens: 100 },
    };
    expect(convertUsage(usage)?.usage).toMatchObject({ outputTokens: 105, reasoningTokens: 100 });
  });

  it.each([
    [null],
    [[]],
    [{}],
    [{ prompt_tokens: 1 }],
    [{ prompt_tokens: -1, completion_tokens: 1 }],
    [{ prompt_tokens: 1.5, completion_tokens: 1 }],
    [{ prompt_tokens: '1', completion_tokens: 1 }],
    [{ prompt_tokens: 1, completion_tokens: 1e300 }],
    [{ prompt_tokens: 2 ** 31, completion_tokens: 1 }],
    [{ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    [{ input_tokens: 1, output_tokens: [2] }],
    [{ total_tokens: 7 }],
    [{ prompt_tokens: 9, total_tokens: 7 }],
  ])('%j is no usage', (usage) => {
    expect(convertUsage(usage)).toBeUndefined();
  });

  it.each<[string, JsonObject, string | undefined]>([
    [
      'is looked for elsewhere when its own is empty',
      { usage: {}, x_groq: { usage: chatUsage(1, 2) } },
      'usage',
    ],
    [
      'is refused when it claims what cannot be',
      { usage: { prompt_tokens: -1, completion_tokens: 2 } },
      'usage_refused',
    ],
    [
      'is refused as text',
      { choices: [{ usage: { prompt_tokens: '1', completion_tokens: 2 } }] },
      'usage_refused',
    ],
    [
      'is not there when it has no figures',
      { usage: { prompt_tokens: null, completion_tokens: null } },
      undefined,
    ],
    ['is not there when nothing was counted', { usage: chatUsage(0, 0) }, undefined],
    ['is not there at all', { usage: null, choices: [] }, undefined],
  ])('of a chunk %s', (_name, chunk, type) => {
    expect(usageOf(chunk)?.type).toBe(type);
  });

  it('shows every count as it is charged, under each name that the upstream used', () => {
    const raw = {
      ...chatUsage(10, 5),
      total_tokens: 40,
      cached_tokens: 500,
      prompt_cache_hit_tokens: 500,
      prompt_cache_miss_tokens: -490,
      completion_tokens_details: { reasoning_tokens: -1, audio_tokens: 0 },
      cost: 0.1,
    };
    expect(convertUsage(raw)?.raw).toEqual({
      prompt_tokens: 10,
      completion_tokens: 30,
      total_tokens: 40,
      cached_tokens: 10,
      prompt_cache_hit_tokens: 10,
      prompt_cache_miss_tokens: 0,
      prompt_tokens_details: { cached_tokens: 10 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      cost: 0.1,
    });
  });
});
