import { beforeEach, describe, expect, it } from '@jest/globals';
import { orderTargets } from '../../src/providers/order-targets.js';
import { TargetHealth } from '../../src/providers/target-health.js';
import { settingsFor, targetFor } from './support.js';

const provider = settingsFor('http://upstream.test/v1');
const a = targetFor(provider, { upstreamModel: 'a' });
const b = targetFor(provider, { upstreamModel: 'b' });
let nowMs: number;
let health: TargetHealth;

beforeEach(() => {
  nowMs = 1_000;
  health = new TargetHealth(() => nowMs);
});

function fail(target: typeof a, times: number): void {
  for (let count = 0; count < times; count += 1) health.failed(target);
}

describe('target health', () => {
  it('keeps a target through four failures in a row', () => {
    fail(a, 4);
    expect(health.usable([a, b])).toEqual([a, b]);
    health.completed(a);
    fail(a, 4);
    expect(health.usable([a, b])).toEqual([a, b]);
  });

  it('sets a target aside for 30 seconds after five', () => {
    fail(a, 5);
    expect(health.usable([a, b])).toEqual([b]);
    nowMs += 29_999;
    expect(health.usable([a, b])).toEqual([b]);
    nowMs += 1;
    expect(health.usable([a, b])).toEqual([a, b]);
  });

  it('lets one call probe it while others pass it by', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    expect(health.snapshot()).toMatchObject([{ upstreamModel: 'a', state: 'probing', failuresInARow: 5 }]);
    expect(health.usable([a, b])).toEqual([b]);
  });

  it('takes a target back that answers, and sets it aside again at the next failure', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    health.answered(a);
    expect(health.usable([a, b])).toEqual([a, b]);
    health.failed(a);
    expect(health.usable([a, b])).toEqual([b]);
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
    health.failed(a);
    nowMs += 29_999;
    expect(health.usable([a, b])).toEqual([b]);
  });

  it('gives the probe to the next call when the first one left', () => {
    fail(a, 5);
    nowMs += 30_000;
    health.begin(a);
    health.abandoned(a);
    expect(health.usable([a, b])).toEqual([a, b]);
  });

  it('never refuses: of targets that are all set aside it names the one that is back first', () => {
    fail(b, 5);
    nowMs += 10;
    fail(a, 5);
    expect(health.usable([a, b])).toEqual([b]);
    expect(health.usable([a])).toEqual([a]);
  });
});

describe('the order of targets', () => {
  const targets = [
    targetFor(provider, { upstreamModel: 'late', priority: 2 }),
    targetFor(provider, { upstreamModel: 'heavy', weight: 3 }),
    targetFor(provider, { upstreamModel: 'light', weight: 1 }),
  ];
  const names = (random: () => number): string[] =>
    orderTargets(targets, random).map((target) => target.upstreamModel);

  it('is by priority, and by chance within one', () => {
    expect(names(() => 0)).toEqual(['heavy', 'light', 'late']);
    expect(names(() => 0.8)).toEqual(['light', 'heavy', 'late']);
  });

  it('puts each first in proportion to its weight', () => {
    const firsts = Array.from({ length: 100 }, (_, step) => names(() => step / 100)[0]);
    expect(firsts.filter((name) => name === 'heavy')).toHaveLength(75);
  });
});
