import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Waits for a condition. Rejects when it does not hold within the time. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`The condition did not hold within ${timeoutMs} ms.`);
    await sleep(POLL_MS);
  }
}
