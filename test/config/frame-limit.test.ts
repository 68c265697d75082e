import { describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../../src/config/environment/read-environment.js';

describe('MAX_FRAME_BYTES', () => {
  it.each([
    [undefined, 67_108_864],
    ['2048', 2_048],
  ])('%s allows frames of %d bytes', (value, bytes) => {
    const { variables, problems } = readEnvironment({ MAX_FRAME_BYTES: value });
    expect(problems).toEqual([]);
    expect(variables.MAX_FRAME_BYTES).toBe(bytes);
  });

  it('is 1024 at least', () => {
    expect(readEnvironment({ MAX_FRAME_BYTES: '1023' }).problems).toEqual([
      expect.stringMatching(/^MAX_FRAME_BYTES: must be /),
    ]);
  });
});
