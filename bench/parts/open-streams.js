// @ts-check
/** Thousands of streams open at once, a frame a second each, whose clients leave at random; later slow readers beside them. */
import { setTimeout as delay } from 'node:timers/promises';
import { answersOn, flooding } from '../support/answers.js';
import { openStreamsCatalog } from '../support/catalog.js';
import { HERE, startChild } from '../support/children.js';
import { surfaceOf, targetOf } from '../support/columns.js';
import { startGateway } from '../support/gateway.js';
import { measure } from '../support/measure.js';
import { requireOpenFiles } from '../support/open-files.js';
import { queuedBytes } from '../support/processes.js';
import { Histogram } from '../support/statistics.js';

/** Addresses of the upstream, each with a model of its own. */
const HOSTS = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];
/** How long a client stays, on average. */
const MEAN_LIFE_MS = 120_000;
/** No further stream is opened after it. */
const OPENING_MS = 120_000;
const SLOW_READERS = 5;
/** All clients have left for so long when memory is read last. */
const AFTER_MS = 15_000;
/** Files of a process beside its streams. */
const MORE_FILES = 200;
const WINDOW_MS = { short: 10_000, long: 300_000 };
const LONG_MS = 600_000;
const MB = 1024 * 1024;

const FRAME_BYTES = answersOn('/chat/completions')?.dialect.frame(flooding(0), 0).length ?? NaN;

/** @typedef {Record<string, number>} Window the figures of one stretch of time */

/** @type {readonly (readonly [id: string, label: string, digits: number])[]} */
const ROWS = [
  ['open', 'open streams', 0],
  ['memory', 'memory of the gateway (Pss), MB', 0],
  ['postgresMemory', 'memory of PostgreSQL (Pss), MB', 0],
  ['lateP50', 'frame lateness p50, ms', 1],
  ['lateP99', 'frame lateness p99, ms', 1],
  ['lateMax', 'frame lateness max, ms', 1],
  ['late', 'frames later than 250 ms', 0],
  ['left', 'clients that left', 0],
  ['abortP50', 'client leaves → upstream sees it p50, ms', 1],
  ['abortMax', 'client leaves → upstream sees it max, ms', 1],
  ['unseen', 'not seen after 10 s', 0],
  ['openingP50', 'first frame of a new stream p50, ms', 0],
  ['openingMax', 'first frame of a new stream max, ms', 0],
  ['slowWay', 'on its way to one slow reader, MB', 2],
  ['slowHeld', 'the same without the queues of sockets, MB', 2],
  ['failed', 'failures', 0],
  ['cores', 'gateway, cores', 2],
  ['postgresCores', 'PostgreSQL, cores', 2],
  ['loadCores', 'load generator, cores', 2],
  ['mockCores', 'mock upstream, cores', 2],
  ['otherCores', 'anything else, cores', 2],
];

/** Pairs the moments at which clients left with those at which the upstream saw it. */
class Aborts {
  /** @type {Map<string, number>} */
  #waiting = new Map();
  /** Those of the last time, since a client may have left between the two questions. */
  /** @type {Record<string, number>} */
  #early = {};
  #unseenMicroseconds = 10_000_000;

  /**
   * @param {Record<string, number>} leftAt
   * @param {Record<string, number>} hangUps
   * @returns {Window}
   */
  take(leftAt, hangUps) {
    const delays = new Histogram();
    for (const [mark, left] of Object.entries(leftAt)) this.#waiting.set(mark, left);
    for (const [mark, left] of this.#waiting) {
      const at = hangUps[mark] ?? this.#early[mark];
      if (at === undefined) continue;
      this.#waiting.delete(mark);
      delays.add(at - left);
    }
    this.#early = hangUps;
    const newest = Math.max(...Object.values(leftAt));
    const old = [...this.#waiting].filter(([, left]) => left < newest - this.#unseenMicroseconds);
    for (const [mark] of old) this.#waiting.delete(mark);
    return {
      left: Object.keys(leftAt).length,
      abortP50: delays.quantile(0.5) / 1000,
      abortMax: delays.max / 1000,
      unseen: old.length,
    };
  }
}

/**
 * @param {import('../support/measure.js').Cost} cost
 * @returns {Window}
 */
const costsOf = ({ cpu, postgresCpu, elapsed, ...cost }) => ({
  memory: cost.memory,
  postgresMemory: cost.postgresMemory,
  cores: cpu / elapsed,
  postgresCores: postgresCpu / elapsed,
  loadCores: cost.loadCores,
  mockCores: cost.mockCores,
  otherCores: cost.otherCores,
});

/**
 * What slow readers have not taken yet, for each: with what lies in the kernel's queues of their sockets, and without.
 * @param {Record<string, number>} written frames, by the upstream
 * @param {Record<string, number>} taken frames, by the clients
 * @param {number} queued bytes of all of them
 * @returns {Window} megabytes
 */
function heldFor(written, taken, queued) {
  const behind = Object.entries(written).map(([mark, count]) => count - (taken[mark] ?? 0));
  const bytes = behind.reduce((sum, frames) => sum + frames, 0) * FRAME_BYTES;
  return {
    slowWay: bytes / behind.length / MB,
    slowHeld: (bytes - queued) / behind.length / MB,
  };
}

/** @param {import('../support/settings.js').Settings} settings */
async function run({ openStreams, openMs, frames, intervalMs }) {
  // The gateway has two sockets for each stream.
  requireOpenFiles(2 * openStreams + MORE_FILES);
  const mock = startChild('mock-upstream', [String(frames), String(intervalMs)]);
  const load = startChild('open-load');
  const upstreams = await mock.ask('startOn', { hosts: HOSTS });
  const catalog = openStreamsCatalog(upstreams, openStreams + MORE_FILES);
  const gateway = await startGateway({ checkout: HERE, upstream: '', catalog, idleMs: 3000 });
  const column = surfaceOf(gateway, 'native', 'gateway');
  const where = { target: targetOf(column), models: HOSTS.length };
  const ports = [...upstreams, gateway.url].map((origin) => Number(new URL(origin).port));
  const aborts = new Aborts();
  /** @type {[string, Window][]} */
  const windows = [['idle', { memory: gateway.idleMemory }]];
  /** @type {string[]} */
  const notes = [];
  let failed = false;

  const window = async (/** @type {string} */ name, /** @type {() => Promise<unknown>} */ work) => {
    process.stderr.write(`  ${name} …\n`);
    const { cost } = await measure({ load, mock }, column, work);
    const { open, lateness, opening, leftAt, slow, failures } = await load.ask('take');
    const held = open > 0 ? heldFor(await mock.ask('floods'), slow, queuedBytes(ports)) : {};
    const abort = aborts.take(leftAt, await mock.ask('takeHangUps'));
    windows.push([
      name,
      {
        open,
        ...costsOf(cost),
        lateP50: lateness.p50 / 1000,
        lateP99: lateness.p99 / 1000,
        lateMax: lateness.max / 1000,
        late: lateness.late,
        ...abort,
        openingP50: opening.p50 / 1000,
        openingMax: opening.max / 1000,
        ...held,
        failed: failures.count,
      },
    ]);
    failed ||= failures.count > 0 || (abort.unseen ?? 0) > 0;
    if (failures.count > 0)
      notes.push(`${name}: ${failures.count} failed, the first with: ${failures.first}`);
  };

  const startedAt = performance.now();
  await window('opening', () =>
    load.ask('start', { ...where, streams: openStreams, meanLifeMs: MEAN_LIFE_MS, limitMs: OPENING_MS }),
  );
  notes.push(`Opening took ${((performance.now() - startedAt) / 1000).toFixed(0)} s.`);
  const windowMs = Math.min(openMs / 2, openMs > LONG_MS ? WINDOW_MS.long : WINDOW_MS.short);
  const total = Math.round(openMs / windowMs);
  for (let index = 0; index < total; index += 1) {
    const slow = index >= total / 2;
    if (index === Math.ceil(total / 2)) await load.ask('slow', { ...where, readers: SLOW_READERS });
    const at = ((index + 1) * windowMs) / 1000;
    await window(`${at < 600 ? `${at} s` : `${at / 60} min`}${slow ? ' slow' : ''}`, () => delay(windowMs));
  }
  await load.ask('stop');
  await window('after', () => delay(AFTER_MS));
  await gateway.stop();
  const figures = ROWS.map(([id, label, digits]) => ({
    id: `open-streams.${id}`,
    label,
    table: undefined,
    digits,
    values: Object.fromEntries(windows.map(([name, values]) => [name, [values[id] ?? NaN]])),
    base: [],
    compared: undefined,
    checked: false,
    busy: [],
  }));
  notes.push(
    `"slow": with ${SLOW_READERS} readers beside them who take at most 64 KiB a second of endless streams.`,
  );
  return { columns: windows.map(([name]) => name), figures, notes, failed };
}

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').LonePart} */
export function openStreamsPart(settings) {
  const title = `${settings.openStreams} streams open at once, a frame a second each`;
  return {
    name: 'open-streams',
    title,
    async runAlone() {
      const { columns, figures, notes, failed } = await run(settings);
      return { section: { title, columns, comparisons: [], figures }, notes, failed };
    },
  };
}
