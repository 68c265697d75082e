import { spawn, spawnSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Binaries, programPath } from './binaries.js';
import { DatabaseStartError } from './database-start-error.js';
import { freeLoopbackPort, LOOPBACK } from './loopback-port.js';
import { type Place } from './place.js';
import { postmasterFilePath, readPostmasterFile } from './postmaster-file.js';
import { isAlive, worksIn } from './processes.js';
import { openServerLog, serverLogSize, serverLogTail } from './server-log.js';
import { type StartLog } from './start-log.js';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

const START_TIMEOUT_MS = 30_000;
const FAST_STOP_MS = 15_000;
const IMMEDIATE_STOP_MS = 5_000;
const POLL_MS = 25;

/**
 * A postmaster that already serves this data directory, such as one that a killed gateway left behind; undefined when
 * there is none. The file of a dead postmaster is left to PostgreSQL, which also checks for surviving children. The
 * file has to go only when another program has the pid now.
 */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const file = await readPostmasterFile(data);
    if (file === undefined || !isAlive(file.pid)) return undefined;
    if (worksIn(file.pid, data) === false) {
      await rm(postmasterFilePath(data), { force: true });
      return undefined;
    }
    if (file.status === 'ready' && file.port !== undefined) return { pid: file.pid, port: file.port };
    if (Date.now() > deadline) {
      throw new DatabaseStartError(
        `The PostgreSQL of ${data} (pid ${file.pid}) is running but not ready: its state is "${file.status ?? 'unknown'}". Wait for it or stop it.`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** Starts PostgreSQL in a process group of its own, where a Ctrl-C meant for the gateway does not reach it. */
export async function launchPostmaster(
  binaries: Binaries,
  place: Place,
  settings: Readonly<Record<string, string>>,
  logPath: string,
): Promise<Postmaster> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let preferredPort = await lastPort(place.data);
  for (;;) {
    const port = await freeLoopbackPort(preferredPort);
    const logOffset = serverLogSize(logPath);
    const server = spawnPostgres(binaries, place, { ...settings, port: String(port) }, logPath);
    const failure = await readiness(server, place.data, deadline);
    if (failure === undefined) return { pid: server.pid, port };
    const tail = serverLogTail(logPath, logOffset);
    if (Date.now() < deadline && /could not bind|pre-existing shared memory block/.test(tail)) {
      // Another program took the port just now, or children of a killed postmaster are still exiting.
      preferredPort = undefined;
      await sleep(POLL_MS * 10);
      continue;
    }
    throw new DatabaseStartError(
      `The embedded PostgreSQL did not start: ${failure}. The last lines of ${logPath}:\n${tail || '(nothing)'}`,
    );
  }
}

/**
 * A fast shutdown ends connections but keeps data; after that, an immediate one, from which the next start recovers.
 */
export async function stopPostmaster(
  binaries: Binaries,
  data: string,
  pid: number,
  log: StartLog,
): Promise<void> {
  await signal(binaries, data, pid, 'SIGINT');
  if (await waitUntilGone(data, pid, FAST_STOP_MS)) return;
  log.warn(`The embedded PostgreSQL did not stop within ${FAST_STOP_MS / 1000} s; stopping it at once.`);
  await signal(binaries, data, pid, 'SIGQUIT');
  if (await waitUntilGone(data, pid, IMMEDIATE_STOP_MS)) return;
  log.warn(`The embedded PostgreSQL (pid ${pid}) does not stop; the next start takes it over.`);
}

interface Spawned {
  readonly pid: number;
  /** Why it ended; undefined while it runs. */
  ended(): string | undefined;
}

function spawnPostgres(
  binaries: Binaries,
  place: Place,
  settings: Readonly<Record<string, string>>,
  logPath: string,
): Spawned {
  const program = programPath(binaries, 'postgres');
  const all = { ...settings, listen_addresses: LOOPBACK, unix_socket_directories: '' };
  const output = openServerLog(logPath);
  try {
    const child = spawn(
      program,
      ['-D', place.data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...(place.user && { uid: place.user.uid, gid: place.user.gid }),
        cwd: dirname(program),
        env: { LC_ALL: 'C' },
        detached: true,
        stdio: ['ignore', output, output],
        windowsHide: true,
      },
    );
    let ended: string | undefined;
    child.once('error', (error) => (ended = error.message));
    child.once('exit', (status, by) => (ended ??= by === null ? `status ${status ?? 0}` : `signal ${by}`));
    child.unref();
    return { pid: child.pid ?? 0, ended: () => ended };
  } finally {
    closeSync(output);
  }
}

/** Waits until the server is ready. Otherwise makes sure that it is gone, and returns the reason in words. */
async function readiness(server: Spawned, data: string, deadline: number): Promise<string | undefined> {
  for (;;) {
    const ended = server.ended();
    if (ended !== undefined) return `it ended with ${ended}`;
    const file = await readPostmasterFile(data);
    if (file?.pid === server.pid && file.status === 'ready') return undefined;
    if (Date.now() > deadline) {
      process.kill(server.pid, 'SIGQUIT');
      await waitUntilGone(data, server.pid, IMMEDIATE_STOP_MS);
      return `it was not ready within ${START_TIMEOUT_MS / 1000} s`;
    }
    await sleep(POLL_MS);
  }
}

async function waitUntilGone(data: string, pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await serves(data, pid)) {
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** The file goes last, and an adopted process may never be reaped: so both the file and the process count. */
async function serves(data: string, pid: number): Promise<boolean> {
  return isAlive(pid) && (await readPostmasterFile(data))?.pid === pid;
}

async function signal(
  binaries: Binaries,
  data: string,
  pid: number,
  name: 'SIGINT' | 'SIGQUIT',
): Promise<void> {
  if (!(await serves(data, pid))) return;
  if (process.platform === 'win32') {
    spawnSync(programPath(binaries, 'pg_ctl'), ['kill', name.slice(3), String(pid)], { windowsHide: true });
    return;
  }
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The port of the previous run, which people may have noted; PostgreSQL keeps the options of its last start. */
async function lastPort(data: string): Promise<number | undefined> {
  const options = await readFile(join(data, 'postmaster.opts'), 'utf8').catch(() => '');
  const port = /"port=(\d{1,5})"/.exec(options)?.[1];
  return port === undefined ? undefined : Number(port);
}
