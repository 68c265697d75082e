// @ts-check
/** Many paced streams, their starts spread or all at once: what the first token, a frame and a stream take. */
import { all, targetOf } from '../support/columns.js';
import { SURROUNDINGS } from '../support/figures.js';

const SPREAD_MS = 400;

/** @typedef {import('../support/figures.js').Row} Row */

/** Both parts run the same streams. */
/** @type {WeakSet<import('../support/columns.js').Column>} */
const warm = new WeakSet();

/**
 * @param {string} name
 * @param {string} starts
 * @param {number} spreadMs
 * @param {(about: { streams: number, frames: number }) => { cpu: string, first?: string }} inTable
 */
function streamsPart(name, starts, spreadMs, inTable) {
  /** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
  return ({ rounds, streams, frames, intervalMs }) => {
    const send = (
      /** @type {import('../support/measure.js').Bench} */ { load },
      /** @type {import('../support/columns.js').Column} */ column,
      /** @type {number} */ total,
    ) => load.ask('streams', { target: targetOf(column), streams: total, spreadMs, frames });
    const labels = inTable({ streams, frames });
    /** @type {(time: 'firstToken' | 'lateness', share: 'p50' | 'p99') => Row['pick']} */
    const milliseconds =
      (time, share) =>
      ({ result }) =>
        result[time][share] / 1000;
    return {
      name,
      title: `${streams} streams of ${frames} frames, one each ${intervalMs} ms, ${starts}`,
      columns: all,
      rounds,
      warmUp: async (bench, column) => {
        if (!warm.has(column)) await send(bench, column, Math.ceil(streams / 4));
        warm.add(column);
      },
      run: (bench, column) => send(bench, column, streams),
      rows: [
        {
          id: 'first-token',
          label: 'first token p50, ms',
          ...(labels.first !== undefined && { table: labels.first }),
          digits: 1,
          pick: milliseconds('firstToken', 'p50'),
          compared: 'ratio',
        },
        { id: 'first-p99', label: 'first token p99, ms', digits: 1, pick: milliseconds('firstToken', 'p99') },
        {
          id: 'cpu',
          label: 'CPU µs per stream',
          table: labels.cpu,
          pick: ({ cost }) => cost.cpu / streams,
          compared: 'ratio',
          checked: true,
        },
        {
          id: 'frame',
          label: 'CPU µs per frame',
          digits: 1,
          pick: ({ result, cost }) => cost.cpu / result.frames,
        },
        {
          id: 'postgres',
          label: 'PostgreSQL CPU µs per stream',
          pick: ({ cost }) => cost.postgresCpu / streams,
        },
        { id: 'late', label: 'frame lateness p50, ms', digits: 2, pick: milliseconds('lateness', 'p50') },
        { id: 'late-p99', label: 'frame lateness p99, ms', digits: 2, pick: milliseconds('lateness', 'p99') },
        ...SURROUNDINGS,
      ],
    };
  };
}

export const pacedPart = streamsPart(
  'paced',
  `their starts spread over ${SPREAD_MS / 1000} s`,
  SPREAD_MS,
  ({ frames }) => ({ cpu: `paced stream of ${frames} frames, CPU µs` }),
);

export const burstPart = streamsPart('burst', 'all started at once', 0, ({ streams }) => ({
  first: `${streams} streams at once, first token p50, ms`,
  cpu: `${streams} streams at once, CPU µs a stream`,
}));
