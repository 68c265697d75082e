import { describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { giveMemoryBack } from '../../src/app/give-memory-back.js';

function leftBehind(): WeakRef<object> {
  return new WeakRef({ left: 'behind' });
}

/** Node 20 collects young objects only when it is asked in these words. */
const isHeard = Number(process.versions.node.split('.', 1)) >= 22;

describe('giving memory back', () => {
  (isHeard ? it : it.skip)(
    'collects what nobody holds any more, and leaves no way to do so behind',
    async () => {
      const left = leftBehind();
      await nextTurn();
      expect(left.deref()).toEqual({ left: 'behind' });
      await nextTurn();
      giveMemoryBack();
      expect(left.deref()).toBeUndefined();
      expect(globalThis).not.toHaveProperty('gc');
    },
  );
});
