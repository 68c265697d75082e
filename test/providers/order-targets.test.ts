import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Target } from '../../src/catalog/model.js';
import { orderTargets } from '../../src/providers/order-targets.js';
import { settingsFor, targetFor } from './support.js';

const CONVERSATIONS = Array.from({ length: 3_000 }, (_, index) => `conversation ${index}`);

function target(id: string, keys: readonly string[], overrides: Partial<Target> = {}): Target {
  const [apiKey] = keys;
  const apiKeys = keys.length > 1 ? keys.map((key) => ({ key })) : undefined;
  return targetFor(
    settingsFor(`http://${id}.test/v1`, { id, apiKey, ...(apiKeys && { apiKeys }) }),
    overrides,
  );
}

const nameOf = ({ provider, upstreamModel }: Target): string =>
  `${provider.id}/${upstreamModel}/${String(provider.apiKey)}`;
const order = (targets: readonly Target[], affinity: string): readonly string[] =>
  orderTargets(targets, () => affinity).map(nameOf);

const someTargets: fc.Arbitrary<Target[]> = fc.uniqueArray(
  fc
    .record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      keys: fc.uniqueArray(fc.constantFrom('k1', 'k2', 'k3'), { minLength: 1 }),
      upstreamModel: fc.constantFrom('m', 'n'),
      priority: fc.integer({ min: 1, max: 2 }),
      weight: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ id, keys, ...overrides }) => target(id, keys, overrides)),
  {
    selector: ({ provider, upstreamModel }) => `${provider.id}/${upstreamModel}`,
    minLength: 1,
    maxLength: 6,
  },
);

describe('the order of targets', () => {
  it('is by priority', () => {
    fc.assert(
      fc.property(someTargets, fc.string(), (targets, affinity) => {
        const priorities = orderTargets(targets, () => affinity).map(({ priority }) => priority);
        expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
      }),
    );
  });

  it('has each target with each of its keys once, the same whatever the order in the file', () => {
    fc.assert(
      fc.property(someTargets, fc.string(), (targets, affinity) => {
        const found = order(targets, affinity);
        expect(found).toEqual(order(targets.toReversed(), affinity));
        const all = targets.flatMap(({ provider, upstreamModel }) =>
          (provider.apiKeys ?? [{ key: provider.apiKey }]).map(
            ({ key }) => `${provider.id}/${upstreamModel}/${String(key)}`,
          ),
        );
        expect(found.toSorted()).toEqual(all.toSorted());
      }),
    );
  });

  it('does not depend on the order of keys, nor on the process or the version of the file', () => {
    const one = order([target('a', ['k1', 'k2', 'k3'])], 'x');
    expect(order([target('a', ['k3', 'k1', 'k2'])], 'x')).toEqual(one);
  });

  it('stays as it is for the others when one is taken away', () => {
    fc.assert(
      fc.property(someTargets, fc.string(), fc.nat(), (targets, affinity, pick) => {
        const gone = targets[pick % targets.length]!;
        const left = targets.filter((one) => one !== gone);
        const isGone = (name: string): boolean =>
          name.startsWith(`${gone.provider.id}/${gone.upstreamModel}/`);
        const before = order(targets, affinity).filter((name) => !isGone(name));
        expect(order(left, affinity)).toEqual(before);
      }),
    );
  });

  it('moves only the conversations of a key that is set aside, and spreads them over the others', () => {
    const targets = [target('a', ['k1', 'k2', 'k3']), target('b', ['k1'], { weight: 2 })];
    const gone = 'a/upstream-model/k2';
    const moved = new Map<string, number>();
    for (const conversation of CONVERSATIONS) {
      const [first, second] = order(targets, conversation);
      if (first === gone) moved.set(second!, (moved.get(second!) ?? 0) + 1);
    }
    const total = [...moved.values()].reduce((sum, count) => sum + count, 0);
    expect(total / CONVERSATIONS.length).toBeCloseTo(1 / 9, 1);
    expect(moved.size).toBe(3);
  });

  it.each([[[1, 1, 1, 1]], [[1, 3]], [[5, 2, 3]]])('gives each its share by weight: %j', (weights) => {
    const targets = weights.map((weight, index) =>
      target(`p${index}`, index === 0 ? ['k1', 'k2'] : ['k1'], { weight }),
    );
    const firsts = CONVERSATIONS.map((conversation) => orderTargets(targets, () => conversation)[0]!);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, index) => {
      const share = firsts.filter(({ provider }) => provider.id === `p${index}`).length / firsts.length;
      // Four standard deviations of 3,000 draws are less than 0.037.
      expect(Math.abs(share - weight / sum)).toBeLessThan(0.037);
    });
    const ofKey = firsts.filter(({ provider }) => provider.id === 'p0' && provider.apiKey === 'k1').length;
    expect(Math.abs(ofKey / firsts.length - weights[0]! / sum / 2)).toBeLessThan(0.037);
  });
});
