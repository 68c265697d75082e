// @ts-check
/** Many streams at once: what a proxy adds to the first token and to each frame, and what a frame costs. */
import { figure, surroundings } from '../support/figures.js';

const SPREAD_MS = 800;

/** @typedef {{ p50: number, p99: number }} Times */
/** @typedef {{ frames: number, firstToken: Times, lateness: Times }} Result */

/** @param {import('../support/settings.js').Settings} settings */
export function streamsPart({ rounds, streams, frames, intervalMs }) {
  const order = (/** @type {object} */ target, /** @type {number} */ count) => ({
    target,
    streams: count,
    spreadMs: SPREAD_MS,
    frames,
  });
  /** @param {import('../support/figures.js').Samples<Result>} samples */
  const added = (
    samples,
    /** @type {string} */ label,
    /** @type {(result: Result) => number} */ microseconds,
  ) => figure(label, samples, ({ result }) => microseconds(result) / 1000, { digits: 2, added: true });
  return {
    title: `${streams} streams of ${frames} frames, one each ${intervalMs} ms ("+": more than direct)`,
    rounds: rounds.streams,
    /** @type {import('../support/part.js').Work} */
    warmUp: ({ load }, target) => load.ask('streams', order(target, Math.ceil(streams / 4))),
    /** @type {import('../support/part.js').Work} */
    run: ({ load }, target) => load.ask('streams', order(target, streams)),
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      added(samples, 'time to first token p50, ms', (result) => result.firstToken.p50),
      added(samples, 'time to first token p99, ms', (result) => result.firstToken.p99),
      added(samples, 'frame lateness p50, ms', (result) => result.lateness.p50),
      added(samples, 'frame lateness p99, ms', (result) => result.lateness.p99),
      figure('CPU µs per frame', samples, ({ result, cost }) => cost.cpu / result.frames, {
        digits: 1,
        compared: true,
      }),
      figure('PostgreSQL CPU µs per stream', samples, ({ cost }) => cost.postgresCpu / streams),
      ...surroundings(samples),
    ],
  };
}
