import { describe, expect, it } from '@jest/globals';
import { Recurring } from '../../../src/base/work/recurring.js';
import { until } from '../../support/until.js';

describe('recurring work', () => {
  it('is never under way twice, however long it takes, and goes on after a failure', async () => {
    const finish: (() => void)[] = [];
    const failures: unknown[] = [];
    let turns = 0;
    const recurring = new Recurring(
      async () => {
        turns += 1;
        await new Promise<void>((resolve) => finish.push(resolve));
        if (turns === 1) throw new Error('the first one');
      },
      (failure) => failures.push(failure),
    );
    recurring.start(1);
    await until(() => turns === 1);
    // Many turns come in this time.
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(turns).toBe(1);
    finish[0]?.();
    await until(() => turns === 2);
    expect(failures).toEqual([new Error('the first one')]);

    let stopped = false;
    const stopping = recurring.stop().then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(stopped).toBe(false);
    finish[1]?.();
    await stopping;
    expect(turns).toBe(2);
  });
});
