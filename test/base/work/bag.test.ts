import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bag } from '../../../src/base/work/bag.js';

interface Thing {
  readonly name: number;
  placeInBag: number;
}

describe('Bag', () => {
  it('holds what a Set would, whatever comes and goes, also things that are not in it', () => {
    const steps = fc.array(fc.record({ name: fc.nat(8), comes: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (taken) => {
        const things: readonly Thing[] = Array.from({ length: 9 }, (_, name) => ({ name, placeInBag: 0 }));
        const bag = new Bag<Thing>();
        const expected = new Set<Thing>();
        for (const { name, comes } of taken) {
          const thing = things[name]!;
          if (!comes) bag.delete(thing);
          else if (!expected.has(thing)) bag.add(thing);
          if (comes) expected.add(thing);
          else expected.delete(thing);
          expect(bag.size).toBe(expected.size);
          expect(new Set(bag)).toEqual(expected);
        }
      }),
    );
  });

  it('is gone through as it was, although things go meanwhile', () => {
    const bag = new Bag<Thing>();
    const things = [0, 1, 2, 3].map((name) => ({ name, placeInBag: 0 }));
    for (const thing of things) bag.add(thing);
    const seen: number[] = [];
    for (const thing of bag) {
      seen.push(thing.name);
      bag.delete(thing);
    }
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(bag.size).toBe(0);
  });
});
