import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { UNLIMITED_DEMAND } from '../../src/streaming/demand.js';
import { fromPull } from '../../src/streaming/from-pull.js';
import { until } from '../support/until.js';

async function* counting(batches: number, log: string[] = []): AsyncGenerator<readonly number[]> {
  try {
    for (let batch = 0; batch < batches; batch += 1) {
      log.push(`read ${batch}`);
      yield [batch * 2, batch * 2 + 1];
      await Promise.resolve();
    }
  } finally {
    log.push('returned');
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
}

describe('fromPull', () => {
  it('emits all items in order and completes', async () => {
    const source = fromPull(() => counting(3), UNLIMITED_DEMAND);
    expect(await lastValueFrom(source.pipe(toArray()))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('begins when it is subscribed, each time anew', async () => {
    let opened = 0;
    const source = fromPull(() => {
      opened += 1;
      return counting(1);
    }, UNLIMITED_DEMAND);
    expect(opened).toBe(0);
    await Promise.all([lastValueFrom(source), lastValueFrom(source)]);
    expect(opened).toBe(2);
  });

  it('emits the items of one batch in one go', async () => {
    const steps: string[] = [];
    await new Promise<void>((resolve) => {
      fromPull(() => counting(1), UNLIMITED_DEMAND).subscribe({
        next: (item) => {
          steps.push(`item ${item}`);
          queueMicrotask(() => steps.push('tick'));
        },
        complete: resolve,
      });
    });
    expect(steps.slice(0, 2)).toEqual(['item 0', 'item 1']);
  });

  it('does not read on before the demand is back', async () => {
    const log: string[] = [];
    let release = (): void => undefined;
    let waits = 0;
    const demand = {
      ready: () => {
        waits += 1;
        return waits === 1 ? new Promise<void>((resolve) => (release = resolve)) : undefined;
      },
    };
    const all = lastValueFrom(fromPull(() => counting(2, log), demand).pipe(toArray()));
    await until(() => waits === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['read 0']);
    release();
    expect(await all).toEqual([0, 1, 2, 3]);
  });

  it('passes a failure on', async () => {
    const failing = async function* (): AsyncGenerator<readonly number[]> {
      yield [1];
      await Promise.reject(new Error('broken'));
    };
    await expect(lastValueFrom(fromPull(failing, UNLIMITED_DEMAND))).rejects.toThrow('broken');
    const unopened = fromPull(() => {
      throw new Error('not opened');
    }, UNLIMITED_DEMAND);
    await expect(lastValueFrom(unopened)).rejects.toThrow('not opened');
  });

  it('aborts at once, and returns the iterator, when the subscriber leaves a silent source', async () => {
    const log: string[] = [];
    let signal: AbortSignal | undefined;
    const silent = async function* (given: AbortSignal): AsyncGenerator<readonly number[]> {
      signal = given;
      try {
        yield [1];
        await untilAborted(given);
      } finally {
        log.push('returned');
      }
    };
    const subscription = fromPull(silent, UNLIMITED_DEMAND).subscribe();
    await until(() => signal !== undefined);
    subscription.unsubscribe();
    expect(signal?.aborted).toBe(true);
    await until(() => log.length === 1);
  });

  it('returns the iterator when the subscriber leaves while it is not ready', async () => {
    const log: string[] = [];
    let waiting = false;
    const never = {
      ready: () => {
        waiting = true;
        return new Promise<void>(() => undefined);
      },
    };
    const subscription = fromPull(() => counting(2, log), never).subscribe();
    await until(() => waiting);
    subscription.unsubscribe();
    await until(() => log.includes('returned'));
    expect(log).toEqual(['read 0', 'returned']);
  });

  it('stops in the middle of a batch', async () => {
    const log: string[] = [];
    const items: number[] = [];
    const subscription = fromPull(() => counting(2, log), UNLIMITED_DEMAND).subscribe((item) => {
      items.push(item);
      subscription.unsubscribe();
    });
    await until(() => log.includes('returned'));
    expect(items).toEqual([0]);
  });

  it('does not abort a source that ended by itself', async () => {
    let signal: AbortSignal | undefined;
    const source = fromPull((given) => {
      signal = given;
      return counting(1);
    }, UNLIMITED_DEMAND);
    await lastValueFrom(source);
    expect(signal?.aborted).toBe(false);
  });
});
