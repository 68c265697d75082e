// Jest loads this file without the module mapping of the tests: it imports nothing of ours.

/** Ends what the run has started and removes what it has made. A run that does not get here is cleared away all the same. */
export default async function globalTeardown(): Promise<void> {
  await (globalThis as unknown as { clearRun(): Promise<void> }).clearRun();
}
