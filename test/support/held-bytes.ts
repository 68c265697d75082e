import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects all garbage of this process's heap at once, and ends any collection under way. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that this process holds, inside and outside of the heap of JavaScript, when all that nobody needs is gone. */
export function heldBytes(): number {
  // What was freed outside of the heap is told only by the next collection.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
