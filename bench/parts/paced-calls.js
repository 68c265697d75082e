// @ts-check
/** Whole calls at one rate for everybody: what a call costs where none of them is at its limit. */
import { figure, surroundings } from '../support/figures.js';

const CALLS_PER_SECOND = 1_000;

/** @typedef {{ calls: number, latency: { p50: number, p99: number } }} Result */

/** @param {import('../support/settings.js').Settings} settings */
export function pacedCallsPart({ rounds, callsMs, warmUpMs }) {
  const order = (/** @type {object} */ target, /** @type {number} */ durationMs) => ({
    target,
    perSecond: CALLS_PER_SECOND,
    durationMs,
  });
  return {
    title: `non-streamed calls, ${CALLS_PER_SECOND} a second`,
    rounds: rounds.calls,
    /** @type {import('../support/part.js').Work} */
    warmUp: ({ load }, target) => load.ask('pacedCalls', order(target, warmUpMs)),
    /** @type {import('../support/part.js').Work} */
    run: ({ load }, target) => load.ask('pacedCalls', order(target, callsMs)),
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      figure('CPU µs per call', samples, ({ result, cost }) => cost.cpu / result.calls, { compared: true }),
      figure('PostgreSQL CPU µs per call', samples, ({ result, cost }) => cost.postgresCpu / result.calls),
      figure('latency p50, ms', samples, ({ result }) => result.latency.p50 / 1000, { digits: 2 }),
      figure('latency p99, ms', samples, ({ result }) => result.latency.p99 / 1000, { digits: 2 }),
      ...surroundings(samples),
    ],
  };
}
