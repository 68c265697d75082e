import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Jest loads this file without the module mapping of the tests: it imports nothing of ours.

const RUN_NAME = /^slipstream-test-(\d+)$/;
const DIST_NAME = /^slipstream-test-dist-(\d+)$/;
const STOP_TIMEOUT_MS = 10_000;
/** A run that was killed leaves its directory and server behind; the next one clears them away, once they are this old. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Stops this run's database, if a test started it, and removes what the run has made. */
export default async function globalTeardown(): Promise<void> {
  for (const [parent, pattern] of [
    [tmpdir(), RUN_NAME],
    [join(process.cwd(), 'node_modules', '.cache'), DIST_NAME],
  ] as const) {
    if (!existsSync(parent)) continue;
    for (const name of readdirSync(parent)) {
      const pid = Number(pattern.exec(name)?.[1]);
      const directory = join(parent, name);
      if (pid === process.pid || (pid > 0 && isAbandoned(pid, directory))) await removeRun(directory);
    }
  }
}

function isAbandoned(pid: number, directory: string): boolean {
  const age = Date.now() - (statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  return age > ABANDONED_AFTER_MS && !isAlive(pid);
}

async function removeRun(directory: string): Promise<void> {
  const data = join(directory, 'database', 'postgres');
  const file = join(data, 'postmaster.pid');
  if (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    if (pid > 0 && isAlive(pid) && worksIn(pid, data)) process.kill(pid, 'SIGQUIT');
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (existsSync(file) && isAlive(pid) && Date.now() < deadline) await sleep(25);
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Guards against a pid that has come to mean another program since. */
function worksIn(pid: number, directory: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === directory;
  } catch {
    return false;
  }
}
