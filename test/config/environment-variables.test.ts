import { describe, expect, it } from '@jest/globals';
import {
  ENVIRONMENT_VARIABLE_NAMES,
  EnvironmentVariables,
} from '../../src/config/environment/environment-variables.js';
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

describe('the variables', () => {
  it('are given by name for those who document or pass them on', () => {
    expect(ENVIRONMENT_VARIABLE_NAMES).toEqual(Object.keys(new EnvironmentVariables()));
    expect(ENVIRONMENT_VARIABLE_NAMES).toEqual(expect.arrayContaining(['PORT', 'DATABASE_URL', 'LEASE_MS']));
  });
});
