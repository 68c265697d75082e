import { describe, expect, it } from '@jest/globals';
import { RefusedSignatures } from '../../../src/providers/text/refused-signatures.js';

describe('refused signatures', () => {
  it('are known afterwards, and new only once', () => {
    const refused = new RefusedSignatures();
    expect(refused.has('a')).toBe(false);
    expect(refused.add(['a', 'b'])).toBe(true);
    expect(refused.add(['b', 'a'])).toBe(false);
    expect(refused.add(['a', 'c'])).toBe(true);
    expect(['a', 'b', 'c', 'd'].map((signature) => refused.has(signature))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('are forgotten when ten thousand newer ones have come', () => {
    const refused = new RefusedSignatures();
    refused.add(['old', 'refused again']);
    refused.add(Array.from({ length: 9_998 }, (_, index) => `s${index}`));
    refused.add(['refused again', 'one more']);
    expect(refused.has('old')).toBe(false);
    expect(refused.has('refused again')).toBe(true);
  });
});
