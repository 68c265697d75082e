import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seal, SEAL_KEY_BYTES, unseal } from '../../src/responses/compaction/seal.js';

const keys = fc
  .uint8Array({ minLength: SEAL_KEY_BYTES, maxLength: SEAL_KEY_BYTES })
  .map((bytes) => Buffer.from(bytes));

describe('a sealed text', () => {
  it('is read with its key alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), keys, keys, (text, key, other) => {
        fc.pre(!key.equals(other));
        const sealed = seal(text, key);
        expect(unseal(sealed, key)).toBe(text);
        expect(unseal(sealed, other)).toBeUndefined();
      }),
    );
  });

  it('is not read once a bit of it was changed', () => {
    const key = randomBytes(SEAL_KEY_BYTES);
    const bytes = Buffer.from(seal('what was said', key), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(unseal(changed.toString('base64url'), key)).toBeUndefined();
    }
  });

  it('says nothing of its text, and never the same twice', () => {
    const key = randomBytes(SEAL_KEY_BYTES);
    const [first, second] = [seal('what was said', key), seal('what was said', key)];
    expect(first).not.toBe(second);
    expect(Buffer.from(first, 'base64url').toString('latin1')).not.toContain('said');
  });

  it.each(['', 'AAAA', 'not sealed at all, but long enough to be', '💬'.repeat(40)])(
    'is not what just looks like one: %j',
    (text) => {
      expect(unseal(text, randomBytes(SEAL_KEY_BYTES))).toBeUndefined();
    },
  );
});
