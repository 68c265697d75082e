import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeVector, encodeVector, readVector } from '../../../src/providers/embedding/vector.js';

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const vectors = fc.array(float32, { minLength: 1, maxLength: 64 });

describe('a vector', () => {
  it('is the base64 of little-endian float32, as clients decode it', () => {
    expect(encodeVector([1, -2, 0.5])).toBe('AACAPwAAAMAAAAA/');
    expect(decodeVector('AACAPwAAAMAAAAA/')).toEqual([1, -2, 0.5]);
  });

  it('comes back from base64 as it went, number by number and letter by letter', () => {
    fc.assert(
      fc.property(vectors, (numbers) => {
        const text = encodeVector(numbers);
        expect(decodeVector(text)).toEqual(numbers);
        expect(encodeVector(decodeVector(text) ?? [])).toBe(text);
        // What OpenAI's client does with it.
        const bytes = Buffer.from(text, 'base64');
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        expect(numbers.map((_, index) => view.getFloat32(4 * index, true))).toEqual(numbers);
      }),
    );
  });

  it('is read in either form, and shown in the one that was asked for', () => {
    fc.assert(
      fc.property(vectors, (numbers) => {
        const text = encodeVector(numbers);
        expect(readVector(numbers, 'float')).toBe(numbers);
        expect(readVector(text, 'base64')).toBe(text);
        expect(readVector(numbers, 'base64')).toBe(text);
        expect(readVector(text, 'float')).toEqual(numbers);
      }),
    );
  });

  it('keeps the digits of an upstream that has more than float32', () => {
    expect(readVector([0.1], 'float')).toEqual([0.1]);
    expect(decodeVector(readVector([0.1], 'base64') as string)).toEqual([Math.fround(0.1)]);
  });

  it('is any JSON value, or nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('float' as const, 'base64' as const), (value, format) => {
        const vector = readVector(value, format);
        if (vector === undefined) return;
        expect(vector.length).toBeGreaterThan(0);
        if (format === 'base64') expect(decodeVector(vector as string)).toBeDefined();
      }),
    );
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty list', []],
    ['an empty text', ''],
    ['words', 'not base64'],
    ['base64 of another length', 'AACAPwA='],
    ['base64 without its padding', 'AACAPw'],
    ['base64 for addresses', '_w-_fw=='],
    ['base64 with a blank', 'AACA Pw=='],
    ['base64 with bits that say nothing', 'AACAPx=='],
    ['base64 of what is no number', encodeVector([NaN])],
    ['base64 of what is infinite', encodeVector([1, Infinity])],
    ['texts', ['0.1']],
    ['a hole', [1, null]],
    ['lists', [[1]]],
    ['a number beyond float32', [1e39]],
    ['an object', { 0: 1, length: 1 }],
    ['more numbers than any model makes', new Array(65_537).fill(0)],
    ['more base64 than any model makes', 'AAAA'.repeat(100_000)],
  ])('is not %s', (_name, value) => {
    expect(readVector(value, 'float')).toBeUndefined();
    expect(readVector(value, 'base64')).toBeUndefined();
  });
});
