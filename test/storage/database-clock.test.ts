import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DatabaseClock } from '../../src/storage/database-clock.js';

const NOW_MS = 1_800_000_000_000;

/** How far the clock of the ledger is ahead of this machine's, once the database has answered now. */
function correction(databaseMs: number, askedAtMs: number): number {
  const clock = new DatabaseClock(() => NOW_MS);
  clock.compare(databaseMs, askedAtMs);
  return clock.nowMs() - NOW_MS;
}

describe('the clock of the ledger', () => {
  it('is right to within the time that the question took, and corrected by no more than that needs', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(5_000), fc.nat(5_000), (wrongMs, to, fro) => {
        const databaseMs = NOW_MS - fro + wrongMs;
        const corrected = correction(databaseMs, NOW_MS - to - fro);
        expect(Math.abs(corrected - wrongMs)).toBeLessThanOrEqual(to + fro);
        expect(Math.abs(corrected)).toBeLessThanOrEqual(Math.abs(wrongMs));
      }),
    );
  });

  it("is this machine's, where the database showed a time between question and answer", () => {
    expect(correction(NOW_MS - 1, NOW_MS - 2)).toBe(0);
  });

  it('is compared anew each time', () => {
    const clock = new DatabaseClock(() => NOW_MS);
    clock.compare(NOW_MS + 60_000, NOW_MS - 1);
    clock.compare(NOW_MS, NOW_MS - 1);
    expect(clock.nowMs()).toBe(NOW_MS);
  });
});
