import { describe, expect, it } from '@jest/globals';
import { CountingLimit } from '../../src/messages/counting-limit.js';

describe('the limit of counting', () => {
  it('lets ten times as many through in a minute as the key may make calls, and refills', () => {
    let now = 0;
    const limit = new CountingLimit(() => now);
    const key = { id: 'key_1', rateLimitRpm: 3 };
    const admitted = (): boolean => {
      try {
        limit.admit(key);
        return true;
      } catch (failure) {
        expect(failure).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: 2 });
        return false;
      }
    };
    expect(Array.from({ length: 31 }, admitted).filter(Boolean)).toHaveLength(30);
    limit.admit({ id: 'key_2', rateLimitRpm: 1 });
    now = 2_000;
    expect([admitted(), admitted()]).toEqual([true, false]);
    limit.admit({ id: 'key_3', rateLimitRpm: null });
  });
});
