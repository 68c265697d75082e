import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { isWorkerCount, wantedWorkers } from '../../src/config/environment/worker-count.js';

describe('WORKERS', () => {
  it.each([
    [undefined, 1],
    ['', 1],
    ['1', 1],
    [' 4 ', 4],
    ['64', 64],
    ['auto', Math.min(64, availableParallelism())],
  ])('%p is %d', (text, count) => {
    expect(wantedWorkers(text === undefined ? {} : { WORKERS: text })).toBe(count);
  });

  it.each(['0', '65', '-1', '1.5', '4x', 'AUTO', '1e1'])('%p is refused, and one process says so', (text) => {
    expect(isWorkerCount(text)).toBe(false);
    expect(wantedWorkers({ WORKERS: text })).toBe(1);
  });
});
