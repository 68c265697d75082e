import { describe, expect, it } from '@jest/globals';
import { newId } from '../../src/base/ids.js';

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_BITS = 32;
const UNIT_MS = 64;
const NOW_MS = 1_800_000_000_000;

/** The 160 bits of an id that begins with the time. */
function bitsOf(id: string): bigint {
  const digits = id.slice(id.indexOf('_') + 1);
  return Array.from(digits, (digit) => BigInt(DIGITS.indexOf(digit))).reduce(
    (bits, digit) => bits * 32n + digit,
  );
}
const timeOf = (id: string): number => Number(bitsOf(id) >> 128n);
const randomOf = (id: string): bigint => bitsOf(id) & ((1n << 128n) - 1n);

describe('an id', () => {
  it('has its kind in front, and letters and digits behind it', () => {
    expect(newId('resp')).toMatch(/^resp_[0-9a-hjkmnp-tv-z]{32}$/);
    expect(newId('hold')).toMatch(/^hold_[0-9a-hjkmnp-tv-z]{32}$/);
    expect(newId('req')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(newId('call')).toMatch(/^call_[0-9a-f]{32}$/);
  });

  it('has 128 random bits, each of which is 0 as often as 1', () => {
    const count = 4_000;
    const randoms = Array.from({ length: count }, () => randomOf(newId('rct')));
    expect(new Set(randoms).size).toBe(count);
    for (let bit = 0n; bit < 128n; bit += 1n) {
      const ones = randoms.filter((random) => (random >> bit) & 1n).length;
      // Eight standard deviations: once in 10^15 bits by chance.
      expect(Math.abs(ones - count / 2)).toBeLessThan(8 * Math.sqrt(count / 4));
    }
  });

  it('stands behind all that were made before', () => {
    const ids = Array.from({ length: 500 }, (_, unit) => newId('rct', NOW_MS + unit * UNIT_MS));
    expect([...ids].sort()).toEqual(ids);
    expect([...ids].sort(new Intl.Collator('en').compare)).toEqual(ids);
  });

  it('begins with the time in units of 64 ms, which begin again after 32 bits', () => {
    const last = 2 ** TIME_BITS * 7 - 1;
    expect(timeOf(newId('conv', NOW_MS))).toBe((NOW_MS / UNIT_MS) % 2 ** TIME_BITS);
    expect(timeOf(newId('conv', last * UNIT_MS))).toBe(2 ** TIME_BITS - 1);
    expect(timeOf(newId('conv', (last + 1) * UNIT_MS))).toBe(0);
  });
});
