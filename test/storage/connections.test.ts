import { describe, expect, it } from '@jest/globals';
import { connectionsOf } from '../../src/storage/connections.js';

describe('connections to PostgreSQL', () => {
  it.each([
    [1, 20],
    [4, 20],
    [8, 10],
    [18, 4],
    [64, 4],
  ])('of %d workers are %d each', (workers, each) => {
    expect(connectionsOf(workers).each).toBe(each);
  });

  it('of up to 18 workers leave room below the usual hundred', () => {
    for (let workers = 1; workers <= 18; workers += 1)
      expect(connectionsOf(workers).needed).toBeLessThanOrEqual(100);
    expect(connectionsOf(64).needed).toBe(64 * 5 + 10);
  });
});
