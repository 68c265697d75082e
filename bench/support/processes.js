// @ts-check
/** What the kernel knows about processes. Linux only: everything is read from /proc. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Microseconds per clock tick; user space always sees 100 ticks a second. */
const TICK = 10_000;

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 * @returns {{ name: string, parent: number, own: number, reaped: number } | undefined} CPU in microseconds: the
 *   process's own, and that of its children that have ended
 */
function stat(pid) {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const [, name = ''] = /\((.*)\)/s.exec(text) ?? [];
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const at = (/** @type {number} */ index) => fields[index] ?? 0;
  return { name, parent: at(1), own: (at(11) + at(12)) * TICK, reaped: (at(13) + at(14)) * TICK };
}

/** @param {number} pid */
export const cpuOf = (pid) => stat(pid)?.own ?? NaN;

const processes = () =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);

/** @param {number} pid */
export const childrenOf = (pid) => processes().filter((candidate) => stat(candidate)?.parent === pid);

/** @param {number} pid */
export const isPostgres = (pid) => stat(pid)?.name === 'postgres';

/**
 * A PostgreSQL server: its postmaster, the running backends, and the backends that have ended.
 * @param {number} postmaster
 */
export function cpuOfPostgres(postmaster) {
  const own = stat(postmaster);
  if (own === undefined) return NaN;
  return childrenOf(postmaster).reduce((sum, pid) => sum + (stat(pid)?.own ?? 0), own.own + own.reaped);
}

/**
 * The postmaster of a gateway with an embedded database.
 * @param {number} gateway
 * @param {string} dataDirectory
 */
export function findPostmaster(gateway, dataDirectory) {
  const recorded = Number(read(`${dataDirectory}/postgres/postmaster.pid`)?.split('\n')[0]);
  if (isPostgres(recorded)) return recorded;
  return childrenOf(gateway).find(isPostgres);
}

/**
 * Pss in megabytes: pages that several processes share are divided among them.
 * @param {number} pid
 */
export function memoryOf(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]) / 1024;
}

/**
 * The same of a PostgreSQL server. One of its processes may end meanwhile.
 * @param {number} postmaster
 */
export function memoryOfPostgres(postmaster) {
  return [postmaster, ...childrenOf(postmaster)]
    .map((pid) => memoryOf(pid) || 0)
    .reduce((sum, megabytes) => sum + megabytes, 0);
}

/** The kernel's list of TCP sockets. */
function* sockets() {
  for (const family of ['tcp', 'tcp6'])
    for (const line of (read(`/proc/net/${family}`) ?? '').split('\n').slice(1)) {
      const [, local = '', remote = '', state, queues = '', , , , , inode] = line.trim().split(/\s+/);
      const port = (/** @type {string} */ address) => parseInt(address.split(':')[1] ?? '', 16);
      const [sent = NaN, received = NaN] = queues.split(':').map((bytes) => parseInt(bytes, 16));
      yield { local: port(local), remote: port(remote), state, sent, received, file: `socket:[${inode}]` };
    }
}

/**
 * Who listens on a TCP port of this machine: all processes that hold such a socket.
 * @param {number} port
 * @returns {number[]} their ids
 */
export function listenersOn(port) {
  const LISTEN = '0A';
  const files = [...sockets()].flatMap(({ local, state, file }) =>
    local === port && state === LISTEN ? [file] : [],
  );
  return processes().filter((pid) => openFiles(pid).some((file) => files.includes(file)));
}

/**
 * Bytes in the kernel's queues of all connections to these ports of this machine, on both sides.
 * @param {readonly number[]} ports
 */
export function queuedBytes(ports) {
  const ESTABLISHED = '01';
  let total = 0;
  for (const { local, remote, state, sent, received } of sockets())
    if (state === ESTABLISHED && (ports.includes(local) || ports.includes(remote))) total += sent + received;
  return total;
}

/** @param {number} pid */
function openFiles(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((descriptor) => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
  } catch {
    // It has ended, or belongs to somebody else.
    return [];
  }
}

/** CPU time of the whole machine, idle and waiting excluded, in microseconds. */
export function cpuOfMachine() {
  const fields = (read('/proc/stat')?.split('\n')[0] ?? '').split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = fields;
  return (user + nice + system + interrupts + softInterrupts) * TICK;
}
