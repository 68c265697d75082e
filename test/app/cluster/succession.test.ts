import { describe, expect, it } from '@jest/globals';
import { Succession } from '../../../src/app/cluster/succession.js';

const LONG_MS = 60_000;

describe('the successor of a worker', () => {
  it('comes at once when the worker has served', () => {
    expect(new Succession().after(LONG_MS)).toBe(0);
  });

  it('waits twice as long each time that a worker ends at once, half a minute at most, and comes no more after eight', () => {
    const succession = new Succession();
    const pauses = Array.from({ length: 8 }, () => succession.after(undefined));
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, undefined]);
  });

  it('is not held up by deaths before a worker that has served', () => {
    const succession = new Succession({ firstPauseMs: 100, mostInARow: 3 });
    const pauses = [0, undefined, LONG_MS, 999, undefined, 1_000, 0, 0, 0].map((ms) => succession.after(ms));
    expect(pauses).toEqual([100, 200, 0, 100, 200, 0, 100, 200, undefined]);
  });
});
