import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runDirectory } from './run-directory.js';

const TIMEOUT_MS = 120_000;

/**
 * Does something for all workers of this run: whichever asks first does it, the others wait for its result. So a run
 * of tests that never ask pays nothing.
 */
export async function oncePerRun(name: string, work: () => Promise<string>): Promise<string> {
  const resultFile = join(runDirectory(), `${name}.json`);
  if (await isFirst(name)) {
    const result = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    );
    await writeFile(`${resultFile}.draft`, JSON.stringify(result));
    await rename(`${resultFile}.draft`, resultFile);
  }
  const deadline = Date.now() + TIMEOUT_MS;
  while (!existsSync(resultFile)) {
    if (Date.now() > deadline) throw new Error(`Another worker has not finished "${name}" in time.`);
    await sleep(25);
  }
  const result = JSON.parse(await readFile(resultFile, 'utf8')) as { value?: string; error?: string };
  if (result.value === undefined) throw new Error(`"${name}" failed: ${result.error ?? ''}`);
  return result.value;
}

async function isFirst(name: string): Promise<boolean> {
  try {
    await mkdir(join(runDirectory(), `${name}.lock`));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
