// @ts-check
/** Whole calls at one rate for everybody: what a call costs where none of them is at its limit. */
import { all, targetOf } from '../support/columns.js';
import { SURROUNDINGS } from '../support/figures.js';

const CALLS_PER_SECOND = 1_000;

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function ratePart({ rounds, callsMs }) {
  const send = (
    /** @type {import('../support/measure.js').Bench} */ { load },
    /** @type {import('../support/columns.js').Column} */ column,
    /** @type {number} */ durationMs,
  ) => load.ask('rate', { target: targetOf(column), perSecond: CALLS_PER_SECOND, durationMs });
  return {
    name: 'rate',
    title: `whole chat calls, ${CALLS_PER_SECOND} a second`,
    columns: all,
    rounds,
    warmUp: send,
    run: (bench, column) => send(bench, column, 2 * callsMs),
    rows: [
      {
        id: 'cpu',
        label: 'CPU µs per call',
        pick: ({ result, cost }) => cost.cpu / result.calls,
        compared: 'ratio',
      },
      {
        id: 'postgres',
        label: 'PostgreSQL CPU µs per call',
        pick: ({ result, cost }) => cost.postgresCpu / result.calls,
      },
      { id: 'p50', label: 'latency p50, ms', digits: 2, pick: ({ result }) => result.latency.p50 / 1000 },
      { id: 'p99', label: 'latency p99, ms', digits: 2, pick: ({ result }) => result.latency.p99 / 1000 },
      ...SURROUNDINGS,
    ],
  };
}
