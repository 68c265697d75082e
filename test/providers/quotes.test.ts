import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quotes } from '../../src/providers/quotes.js';

describe('a message that quotes a request', () => {
  it('is known by 24 characters in a row, wherever they stand', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 24, maxLength: 60 }),
        fc.string({ maxLength: 40 }),
        fc.string({ maxLength: 40 }),
        (run, before, after) => {
          expect(quotes(`${after}${run}${before}`, [`${before}${run}${after}`])).toBe(true);
        },
      ),
    );
  });

  it('is known by a whole text that is short', () => {
    expect(quotes("Invalid content: 'my pin is 1234'", [' my pin is 1234\n'])).toBe(true);
    expect(quotes('this is not valid', ['hi'])).toBe(false);
  });

  it('is none that only has words in common', () => {
    const text = 'The context length of a model is the number of tokens that it reads.';
    expect(quotes("This model's maximum context length is 5 tokens", [text])).toBe(false);
    expect(quotes('x'.repeat(23), ['x'.repeat(1_000)])).toBe(false);
  });

  it('is supposed where looking would take long', () => {
    expect(quotes('x'.repeat(300), ['y'.repeat(1_000_001)])).toBe(true);
    expect(
      quotes('ab'.repeat(150), ['ab'.repeat(11) + 'c'.repeat(3)].concat('abababababab-'.repeat(2_000))),
    ).toBe(true);
  });
});
