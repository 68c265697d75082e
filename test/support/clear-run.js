// Clears away what a run of tests has made, however the run ends: a signal, a crash and a kill included. Its standard
// input is a pipe whose other end the run holds, so it ends with the run.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROCESSES_TIMEOUT_MS = 10_000;

/** The first is where the processes of the run work. */
const directories = process.argv.slice(2);
const [home = ''] = directories;

for await (const _bytes of process.stdin);
const deadline = Date.now() + PROCESSES_TIMEOUT_MS;
for (let left = workers(); left.length > 0 && Date.now() < deadline; left = workers()) {
  for (const { pid, signal } of left) end(pid, signal);
  await sleep(50);
}
for (const directory of directories)
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/** All that works below the run's directory or knows of it; where that cannot be seen, its database. */
function workers() {
  if (process.platform !== 'linux') return database();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => `${placeOf(pid)}${sep}`.startsWith(`${home}${sep}`) || knowsOfRun(pid))
    .map((pid) => ({ pid: Number(pid), signal: isDatabase(placeOf(pid)) ? 'SIGQUIT' : 'SIGKILL' }));
}

/** A killed PostgreSQL would leave its shared memory behind. */
function isDatabase(place) {
  return existsSync(join(place, 'postmaster.pid'));
}

/** A worker of Jest does, and what it starts in the project's directory. */
function knowsOfRun(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SLIPSTREAM_TEST_RUN=${home}\0`);
  } catch {
    return false;
  }
}

function placeOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function database() {
  const file = join(home, 'database', 'postgres', 'postmaster.pid');
  if (!existsSync(file)) return [];
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return [{ pid, signal: 'SIGQUIT' }];
}

function end(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
