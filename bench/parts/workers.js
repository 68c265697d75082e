// @ts-check
/** Whole chat calls through gateways with one worker process, two and four: what several cost, and what they give. */
import { startChild, HERE } from '../support/children.js';
import { surfaceOf, targetOf } from '../support/columns.js';
import { startGateway } from '../support/gateway.js';
import { runPart } from '../support/part.js';
import { childrenOf, isPostgres } from '../support/processes.js';
import { chatCall } from '../support/wire.js';

const COUNTS = [1, 2, 4];
/** For each worker: with fewer, a turn of its event loop and a trip to PostgreSQL would serve fewer calls. */
const CALLERS = 32;
const PER_SECOND = 200;
const WARM_CALLS = 4000;
const MOST_WARM_UPS = 8;
const CALL = chatCall({ model: 'instant' });

/** @typedef {import('../support/columns.js').Column} Column */
/** @typedef {import('../support/measure.js').Bench} Bench */
/** @typedef {import('../support/figures.js').Row} Row */

/** @param {number} count */
const nameOf = (count) => (count === 1 ? '1 worker' : `${count} workers`);

/**
 * @param {number} count
 * @param {string} upstream
 * @returns {Promise<Column>} with the CPU of all its processes
 */
async function startColumn(count, upstream) {
  const gateway = await startGateway({
    checkout: HERE,
    upstream,
    idleMs: 1000,
    environment: { WORKERS: String(count) },
  });
  const workers = childrenOf(gateway.pid).filter((pid) => !isPostgres(pid));
  return { ...surfaceOf(gateway, 'native', nameOf(count)), pids: [gateway.pid, ...workers] };
}

/** All processes but the primary, which is the only one where there is one. @param {Column} column */
const workersOf = ({ pids }) => Math.max(1, pids.length - 1);

/** @param {string} load @returns {Row[]} */
const costsOf = (load) => [
  {
    id: 'cpu',
    label: `${load}: CPU µs per call`,
    pick: ({ result, cost }) => cost.cpu / result.calls,
    compared: 'ratio',
  },
  {
    id: 'postgres',
    label: `${load}: PostgreSQL CPU µs per call`,
    pick: ({ result, cost }) => cost.postgresCpu / result.calls,
    compared: 'ratio',
  },
  {
    id: 'p50',
    label: `${load}: latency p50, ms`,
    digits: 2,
    pick: ({ result }) => result.latency.p50 / 1000,
    compared: 'ratio',
  },
];

/** @type {Row[]} */
const SURROUNDINGS = [
  { id: 'memory', label: 'memory of all processes (Pss), MB', pick: ({ cost }) => cost.memory },
  { id: 'load', label: 'load generator, cores', digits: 2, pick: ({ cost }) => cost.loadCores },
  { id: 'other', label: 'anything else, cores', digits: 2, pick: ({ cost }) => cost.otherCores },
];

/**
 * @param {import('../support/settings.js').Settings} settings
 * @returns {import('../support/part.js').Part[]} one for each kind of load
 */
function loads({ rounds, callsMs }) {
  /** @param {Bench} bench @param {Column} column @param {number} durationMs */
  const byCallers = ({ load }, column, durationMs) =>
    load.ask('calls', {
      target: targetOf(column),
      call: CALL,
      concurrency: CALLERS * workersOf(column),
      durationMs,
    });
  /**
   * Each worker compiles for itself, and needs as many calls for that as one alone.
   * @param {Bench} bench @param {Column} column @param {number} durationMs
   */
  const warmUp = async (bench, column, durationMs) => {
    let calls = 0;
    for (let turn = 0; turn < MOST_WARM_UPS && calls < WARM_CALLS * workersOf(column); turn += 1)
      calls += (await byCallers(bench, column, durationMs)).calls;
  };
  const common = {
    title: 'workers',
    columns: (/** @type {readonly Column[]} */ columns) => columns,
    comparisons: COUNTS.slice(1).map((count) => ({
      heading: `${count} ÷ 1`,
      upper: nameOf(count),
      lower: nameOf(1),
      yardstick: true,
    })),
    rounds,
  };
  return [
    {
      ...common,
      name: 'workers.callers',
      warmUp,
      run: (bench, column) => byCallers(bench, column, callsMs * 2),
      rows: [
        ...costsOf(`${CALLERS} callers each`),
        {
          id: 'rate',
          label: `${CALLERS} callers each: calls/s`,
          pick: ({ result }) => (result.calls * 1e6) / result.elapsedMicroseconds,
          compared: 'ratio',
        },
      ],
    },
    {
      ...common,
      name: 'workers.rate',
      warmUp: () => Promise.resolve(),
      run: ({ load }, column) =>
        load.ask('rate', { target: targetOf(column), perSecond: PER_SECOND, durationMs: callsMs * 4 }),
      rows: [...costsOf(`${PER_SECOND} calls/s`), ...SURROUNDINGS],
    },
  ];
}

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').LonePart} */
export function workersPart(settings) {
  const title = 'chat calls, by the number of worker processes';
  return {
    name: 'workers',
    title,
    async runAlone(remainingMs) {
      const mock = startChild('mock-upstream', [String(settings.frames), String(settings.intervalMs)]);
      const load = startChild('load');
      const upstream = await mock.ask('start', { port: 0 });
      /** @type {Column[]} */
      const columns = [];
      for (const count of COUNTS) columns.push(await startColumn(count, upstream));
      const bench = { columns, load, mock, upstream };
      const outcomes = [];
      for (const part of loads(settings)) outcomes.push(await runPart(part, bench, settings, remainingMs));
      for (const { gateway } of columns) await gateway?.stop();
      const [first] = outcomes.map(({ section }) => section);
      return {
        section: {
          title,
          columns: first?.columns ?? [],
          comparisons: first?.comparisons ?? [],
          figures: outcomes.flatMap(({ section }) => section.figures),
        },
        notes: outcomes.flatMap(({ notes }) => notes),
        failed: outcomes.some(({ failed }) => failed),
        disturbed: Math.max(0, ...outcomes.map(({ disturbed }) => disturbed ?? 0)),
      };
    },
  };
}
