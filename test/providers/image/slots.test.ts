import { describe, expect, it } from '@jest/globals';
import { Slots } from '../../../src/providers/image/slots.js';

const NEVER = new AbortController().signal;

describe('Slots', () => {
  it('are given in the order of asking, and passed by those who left', async () => {
    const slots = new Slots(1);
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string) => () => {
      order.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    const left = new AbortController();
    const first = slots.run(work('first'), NEVER);
    const second = slots.run(work('second'), left.signal);
    const third = slots.run(work('third'), NEVER);
    left.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    expect(order).toEqual(['first']);
    ends.shift()?.();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['first', 'third']);
    ends.shift()?.();
    await third;
    expect(await slots.run(() => Promise.resolve('free again'), NEVER)).toBe('free again');
  });

  it('come back from work that fails, and are not given to who has left already', async () => {
    const slots = new Slots(1);
    await expect(slots.run(() => Promise.reject(new Error('broken')), NEVER)).rejects.toThrow('broken');
    const begun = slots.run(() => Promise.resolve(), AbortSignal.abort(new Error('left')));
    await expect(begun).rejects.toThrow('left');
    expect(await slots.run(() => Promise.resolve('free'), NEVER)).toBe('free');
  });
});
