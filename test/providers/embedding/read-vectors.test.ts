import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readVectors, type ListedVector } from '../../../src/providers/embedding/read-vectors.js';
import { areBelievable, toldTokens } from '../../../src/providers/embedding/told-tokens.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';

describe('the embeddings of a list', () => {
  it('are put in the order of their inputs', () => {
    const order = fc
      .integer({ min: 1, max: 50 })
      .chain((count) => fc.shuffledSubarray([...Array(count).keys()], { minLength: count }));
    fc.assert(
      fc.property(order, (indexes) => {
        const listed = indexes.map((index) => ({ index, value: [index] }));
        const expected = [...indexes.keys()].map((index) => [index]);
        expect(readVectors(listed, indexes.length, 'float')).toEqual(expected);
      }),
    );
  });

  it('are in the order of the list where it has no indexes', () => {
    expect(readVectors([{ value: [1] }, { index: null, value: [2] }], 2, 'float')).toEqual([[1], [2]]);
  });

  const one = { index: 0, value: [1] };
  it.each<[string, readonly ListedVector[], number]>([
    ['none', [], 1],
    ['too few', [one], 2],
    ['too many', [one, { index: 1, value: [2] }], 1],
    ['one index twice', [one, one], 2],
    ['an index beyond the inputs', [one, { index: 2, value: [2] }], 2],
    ['a negative index', [one, { index: -1, value: [2] }], 2],
    ['an index that is no number', [one, { index: '1', value: [2] }], 2],
    ['a fractional index', [one, { index: 0.5, value: [2] }], 2],
    ['an entry without an embedding', [one, { index: 1, value: undefined }], 2],
    ['several lengths', [one, { index: 1, value: [2, 3] }], 2],
  ])('are refused: %s', (_name, listed, count) => {
    for (const format of ['float', 'base64'] as const) {
      const read = () => readVectors(listed, count, format);
      expect(read).toThrow(UpstreamFailure);
      expect(read).toThrow(expect.objectContaining({ error: expect.objectContaining({ status: 502 }) }));
    }
  });
});

describe('the tokens that an upstream tells', () => {
  const usage = { prompt_tokens: 7, total_tokens: 9 };

  it.each([
    [usage, 7],
    [{ total_tokens: 9 }, 9],
    [{ prompt_tokens: null, total_tokens: 9 }, 9],
    [{ prompt_tokens: 0, total_tokens: 0 }, undefined],
    [{}, undefined],
    [null, undefined],
    ['7', undefined],
    [{ prompt_tokens: '7' }, NaN],
    [{ prompt_tokens: -7 }, -7],
  ])('of %j are %p', (told, tokens) => {
    expect(toldTokens(told, 'prompt_tokens', 'total_tokens')).toEqual(tokens);
  });

  it('are believed up to a bound that depends on the input', () => {
    const request = { input: { texts: ['a', 'b'] }, mostTokens: 100 };
    const believed = (tokens: number) => areBelievable(tokens, request);
    expect([1, 100, 456].map(believed)).toEqual([true, true, true]);
    expect([457, 0, -1, 1.5, NaN, Infinity, 2 ** 31].map(believed)).toEqual(Array(7).fill(false));
    const endless = { ...request, mostTokens: 2 ** 40 };
    expect([2 ** 31 - 1, 2 ** 31].map((tokens) => areBelievable(tokens, endless))).toEqual([true, false]);
  });
});
