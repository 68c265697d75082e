import { describe, expect, it } from '@jest/globals';
import { convertUsage } from '../../../src/providers/openai/convert-usage.js';
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
  ])('%j is no usage', (usage) => {
    expect(convertUsage(usage)).toBeUndefined();
  });
});
