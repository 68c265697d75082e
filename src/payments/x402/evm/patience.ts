import { setTimeout as delay } from 'node:timers/promises';

/** The first question comes soon, for chains that are quick; the later ones come once a second. */
const FIRST_MS = 100;
const LONGEST_MS = 1_000;

/** @returns a function that waits until the next question is due; false when `totalMs` are over */
export function patience(totalMs: number): () => Promise<boolean> {
  const until = Date.now() + totalMs;
  let pause = FIRST_MS;
  return async () => {
    const left = until - Date.now();
    if (left <= 0) return false;
    await delay(Math.min(pause, left));
    pause = Math.min(pause * 2, LONGEST_MS);
    return true;
  };
}
