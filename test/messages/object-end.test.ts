import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ObjectEnd } from '../../src/messages/domain/object-end.js';

describe('the end of a JSON object', () => {
  it('is found with its last character, wherever the text is cut, and not before', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(object, fc.integer({ min: 1, max: 5 }), (text, size) => {
        const end = new ObjectEnd();
        for (let start = 0; start < text.length; start += size) {
          expect(end.isReached).toBe(false);
          end.add(text.slice(start, start + size));
        }
        expect(end.isReached).toBe(true);
      }),
    );
  });

  it('is not found in words that are none', () => {
    const end = new ObjectEnd();
    for (const piece of ['', ' ', 'true', '"}"', '12']) end.add(piece);
    expect(end.isReached).toBe(false);
  });
});
