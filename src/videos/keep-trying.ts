import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** How long to retry when the database does not store an outcome. */
const KEEP_TRYING_MS = 3_600_000;

/** Repeats an attempt while the database fails, until the signal aborts. @throws its last failure */
export async function keepTrying<Result>(
  attempt: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const giveUpAt = performance.now() + KEEP_TRYING_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (failure) {
      if (performance.now() > giveUpAt || !(await pause(pauseMs, signal))) throw failure;
    }
  }
}

/** Resolves to false, early, when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false);
}
