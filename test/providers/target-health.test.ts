import { beforeEach, describe, expect, it } from '@jest/globals';
import { failureOfStatus } from '../../src/providers/map-status.js';
import { RetryPlan } from '../../src/providers/retry-plan.js';
import { TargetHealth } from '../../src/providers/target-health.js';
import { withEachKey } from '../../src/catalog/provider-keys.js';
import type { Target } from '../../src/catalog/model.js';
import { settingsFor, targetFor } from './support.js';

const provider = settingsFor('http://upstream.test/v1');
const a = targetFor(provider, { upstreamModel: 'a' });
const b = targetFor(provider, { upstreamModel: 'b' });
const down = failureOfStatus(500);
let nowMs: number;
let health: TargetHealth;

beforeEach(() => {
  nowMs = 1_000;
  health = new TargetHealth(() => nowMs);
});

const usable = (...targets: readonly Target[]): readonly Target[] =>
  targets.filter((target) => health.isUsable(target));

function fail(target: Target, times: number): void {
  for (let count = 0; count < times; count += 1) health.failed(target, down);
}

describe('target health', () => {
  it('keeps a target through four failures in a row', () => {
    fail(a, 4);
    expect(usable(a, b)).toEqual([a, b]);
    health.completed(a);
    fail(a, 4);
    expect(usable(a, b)).toEqual([a, b]);
  });

  it('sets a target aside for 30 seconds after five', () => {
    fail(a, 5);
    expect(usable(a, b)).toEqual([b]);
    nowMs += 29_999;
    expect(usable(a, b)).toEqual([b]);
    nowMs += 1;
    expect(usable(a, b)).toEqual([a, b]);
  });

  it('lets one call probe it while others pass it by', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    expect(health.snapshot()).toMatchObject([{ upstreamModel: 'a', state: 'probing', failuresInARow: 5 }]);
    expect(usable(a, b)).toEqual([b]);
  });

  it('takes a target back that answers, and sets it aside again at the next failure', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    health.answered(a);
    expect(usable(a, b)).toEqual([a, b]);
    health.failed(a, down);
    expect(usable(a, b)).toEqual([b]);
  });

  it('forgets failures when an answer is complete', () => {
    fail(a, 5);
    health.completed(a);
    expect(health.snapshot()).toEqual([]);
  });

  it('sets a target aside again when its probe fails', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    health.failed(a, down);
    nowMs += 29_999;
    expect(usable(a, b)).toEqual([b]);
  });

  it('gives the probe to the next call when the first one left', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    health.abandoned(a);
    expect(usable(a, b)).toEqual([a, b]);
  });

  it('sets a target aside as long as its rate limit says, without a probe afterwards', () => {
    health.failed(a, failureOfStatus(429, { retryAfterMs: 7_000 }));
    health.failed(b, failureOfStatus(429));
    expect(usable(a, b)).toEqual([]);
    nowMs += 1_000;
    expect(usable(a, b)).toEqual([b]);
    nowMs += 6_000;
    health.begin(a);
    expect(usable(a, b)).toEqual([a, b]);
    expect(health.snapshot()).toEqual([]);
  });

  it('does not forget a rate limit when an earlier call ends well', () => {
    health.failed(a, failureOfStatus(429, { retryAfterMs: 7_000 }));
    health.completed(a);
    expect(usable(a)).toEqual([]);
  });

  it('keeps no entries beyond a bound, whatever names clients choose', () => {
    for (let count = 0; count < 2_000; count += 1)
      health.failed(targetFor(provider, { upstreamModel: `model-${count}` }), down);
    expect(health.snapshot()).toHaveLength(1_000);
  });
});

describe('the health of keys', () => {
  const apiKeys = [{ key: 'key-one' }, { key: 'key-two' }];
  const shared = settingsFor('http://upstream.test/v1', { apiKey: 'key-one', apiKeys });
  const [one, two] = withEachKey(shared).map((keyed) => targetFor(keyed)) as [Target, Target];

  it.each([
    [401, 1],
    [402, 1],
    [429, 1],
    [403, 5],
    [404, 5],
  ])('status %d sets the key alone aside after %d failures', (status, failures) => {
    for (let count = 1; count < failures; count += 1) {
      health.failed(one, failureOfStatus(status));
      expect(usable(one, two)).toEqual([one, two]);
    }
    health.failed(one, failureOfStatus(status));
    expect(usable(one, two)).toEqual([two]);
    expect(health.snapshot()).toMatchObject([{ keyNumber: 1, state: 'set_aside' }]);
    expect(JSON.stringify(health.snapshot())).not.toContain('key-');
  });

  it('lets one call probe a key that was refused', () => {
    health.failed(one, failureOfStatus(401));
    nowMs += 30_000;
    expect(usable(one, two)).toEqual([one, two]);
    health.begin(one);
    expect(usable(one, two)).toEqual([two]);
    health.completed(one);
    expect(usable(one, two)).toEqual([one, two]);
  });

  it('counts what is not the fault of a key against all of them', () => {
    fail(one, 2);
    fail(two, 3);
    expect(usable(one, two)).toEqual([]);
    expect(health.snapshot()).toMatchObject([{ keyNumber: undefined, state: 'set_aside' }]);
  });

  it('takes a refused key for a sign that the target is there', () => {
    fail(one, 5);
    nowMs += 30_000;
    health.begin(one);
    health.failed(one, failureOfStatus(401));
    expect(usable(one, two)).toEqual([two]);
  });

  it('survives a reload that changes something else, and only that', () => {
    health.failed(one, failureOfStatus(401));
    const reordered = { ...shared, apiKey: 'key-two', apiKeys: [...apiKeys].reverse(), timeoutMs: 5 };
    health.keep([reordered]);
    const after = withEachKey(reordered).map((keyed) => targetFor(keyed));
    expect(usable(...after).map(({ provider: { apiKey } }) => apiKey)).toEqual(['key-two']);
    health.keep([{ ...shared, apiKey: 'new', apiKeys: [{ key: 'new' }, { key: 'key-two' }] }]);
    expect(health.snapshot()).toEqual([]);
  });
});

describe('the plan of attempts', () => {
  const c = targetFor(settingsFor('http://upstream.test/v1', { id: 'third' }), { upstreamModel: 'c' });
  const plan = (...targets: readonly Target[]): RetryPlan =>
    new RetryPlan(
      targets,
      health,
      () => 0,
      () => nowMs,
    );
  const keys = (baseUrl: string): readonly Target[] =>
    withEachKey(settingsFor(baseUrl, { id: 'keys', apiKeys: [{ key: 'one' }, { key: 'two' }] })).map(
      (keyed) => targetFor(keyed),
    );

  it('never refuses: of targets that are all set aside it names the one that is back first', () => {
    fail(b, 5);
    nowMs += 10;
    fail(a, 5);
    expect(plan(a, b).next()).toBe(b);
    expect(plan(a).next()).toBe(a);
  });

  it('passes by what was set aside since the call began', () => {
    const calls = plan(a, b, c);
    expect(calls.next()).toBe(a);
    fail(b, 5);
    expect(calls.waitAfter(down, a)).toBe(100);
    expect(calls.next()).toBe(c);
  });

  it('tries another key when one is refused, before another target', () => {
    const [one, two] = keys('http://upstream.test/v1') as [Target, Target];
    const calls = plan(one, two, a);
    expect(calls.next()).toBe(one);
    health.failed(one, failureOfStatus(401));
    calls.waitAfter(failureOfStatus(401), one);
    expect(calls.next()).toBe(two);
  });

  it('tries another target when one is down, before another of its keys', () => {
    const [one, two] = keys('http://upstream.test/v1') as [Target, Target];
    const calls = plan(one, two, a);
    expect(calls.next()).toBe(one);
    calls.waitAfter(down, one);
    expect(calls.next()).toBe(a);
    calls.waitAfter(down, a);
    expect(calls.next()).toBe(two);
  });

  it('waits for the Retry-After of the only target, and gives up on a long one', () => {
    const limited = failureOfStatus(429, { retryAfterMs: 3_000 });
    const calls = plan(a);
    health.failed(calls.next(), limited);
    expect(calls.waitAfter(limited, a)).toBe(3_000);
    expect(plan(a).waitAfter(failureOfStatus(429, { retryAfterMs: 5_001 }), a)).toBeUndefined();
  });
});
