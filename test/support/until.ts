import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
/** Less than a test may take, so that what did not come is named. It says nothing about speed: machines may be busy. */
const GIVE_UP_MS = 60_000;

/** Waits for a condition. Rejects when it does not hold within the time, which is to be named only by who gives up sooner. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = GIVE_UP_MS,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`This did not come true: ${condition.toString()}`);
    await sleep(POLL_MS);
  }
}
