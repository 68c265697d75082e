import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { MOST_TOKENS, wholeUsage } from '../../../src/base/money/usage.js';
import { usageEvent } from '../../../src/providers/anthropic/answer/convert-usage.js';

const REFUSED = { type: 'usage_refused' };
const read = (usage: JsonObject): unknown => {
  const event = usageEvent(usage);
  return event.type === 'usage' ? event.usage : event;
};
const counts = (input: number, output: number, more: object = {}): object => ({
  ...{
    inputTokens: input,
    cachedInputTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: output,
    reasoningTokens: 0,
  },
  ...more,
});

describe('usage on the Messages wire', () => {
  it.each<[string, JsonObject, unknown]>([
    ['plain', { input_tokens: 10, output_tokens: 5 }, counts(10, 5)],
    [
      'with nulls',
      { input_tokens: 10, cache_read_input_tokens: null, cache_creation: null, output_tokens: 5 },
      counts(10, 5),
    ],
    [
      'through the cache',
      { input_tokens: 10, cache_read_input_tokens: 20, cache_creation_input_tokens: 30, output_tokens: 5 },
      counts(60, 5, { cachedInputTokens: 20, cacheWriteTokens: 30 }),
    ],
    [
      'written for five minutes and for an hour',
      {
        input_tokens: 0,
        output_tokens: 5,
        cache_creation: { ephemeral_5m_input_tokens: 7, ephemeral_1h_input_tokens: 8 },
      },
      counts(15, 5, { cacheWriteTokens: 15, cacheWrite1hTokens: 8 }),
    ],
    [
      'with thinking',
      { input_tokens: 1, output_tokens: 5, output_tokens_details: { thinking_tokens: 9 } },
      counts(1, 5, { reasoningTokens: 5 }),
    ],
    [
      'of several iterations, one of which used nothing',
      {
        input_tokens: 10,
        output_tokens: 5,
        iterations: [
          {
            type: 'compaction',
            input_tokens: 100,
            output_tokens: 50,
            cache_creation: { ephemeral_1h_input_tokens: 3 },
          },
          { type: 'message', input_tokens: 0, output_tokens: 0 },
          { type: 'message', input_tokens: 10, output_tokens: 5 },
        ],
      },
      counts(113, 55, { cacheWriteTokens: 3, cacheWrite1hTokens: 3 }),
    ],
    [
      'with iterations that are not all told',
      { input_tokens: 10, output_tokens: 5, iterations: [{ input_tokens: 1 }] },
      counts(10, 5),
    ],
    [
      'with iterations that are no counts',
      { input_tokens: 10, output_tokens: 5, iterations: [{ input_tokens: 'x' }, 5] },
      counts(10, 5),
    ],
    ['of nothing', { input_tokens: 0, output_tokens: 0 }, REFUSED],
    ['below zero', { input_tokens: -1, output_tokens: 5 }, REFUSED],
    ['in fractions', { input_tokens: 1.5, output_tokens: 5 }, REFUSED],
    ['in words', { input_tokens: 1, output_tokens: '5' }, REFUSED],
    [
      'that no book holds',
      { input_tokens: MOST_TOKENS, cache_read_input_tokens: 1, output_tokens: 5 },
      REFUSED,
    ],
  ])('%s', (_name, usage, expected) => {
    expect(read(usage)).toEqual(expected);
  });

  it('has parts that fit into their wholes, whatever a server says', () => {
    const figure = fc.oneof(fc.nat({ max: 1_000 }), fc.constantFrom(null, -1, 0.5, 'x', 2 ** 40, {}, []));
    const flat = fc.record(
      {
        input_tokens: figure,
        output_tokens: figure,
        cache_read_input_tokens: figure,
        cache_creation_input_tokens: figure,
        cache_creation: fc.record({ ephemeral_5m_input_tokens: figure, ephemeral_1h_input_tokens: figure }),
        output_tokens_details: fc.record({ thinking_tokens: figure }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(flat, fc.array(flat, { maxLength: 3 }), (usage, iterations) => {
        const event = usageEvent({ ...usage, iterations });
        if (event.type === 'usage') expect(wholeUsage(event.usage)).toEqual(event.usage);
      }),
      { numRuns: 1_000 },
    );
  });
});
