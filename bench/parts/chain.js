// @ts-check
/** A long chain of stored Responses: what a turn takes when there is more and more before it, and what a read takes. */
import { figure, surroundings } from '../support/figures.js';

/** Calls that continue the chain at each of the marks, of each kind. */
const PROBES = 20;
const READS = 200;
const WARM_UP = { turns: 20, marks: [20], probes: 5, reads: 20, limitMs: 10_000 };

/** @typedef {{ latency: number, firstToken: number }} Turn p50s in microseconds */
/**
 * @typedef {object} Result
 * @property {Record<string, Turn>} at by the number of turns before the call
 * @property {number} retrieve p50 in microseconds
 * @property {number} inputItems p50 in microseconds
 * @property {number} buildMicroseconds
 */

/** @param {import('../support/settings.js').Settings} settings */
export function chainPart({ chainTurns, chainMs }) {
  const marks = [1, 100, chainTurns];
  /** @param {import('../support/figures.js').Samples<Result>} samples */
  const milliseconds = (
    samples,
    /** @type {string} */ label,
    /** @type {(result: Result) => number | undefined} */ pick,
  ) => figure(`${label} p50, ms`, samples, ({ result }) => (pick(result) ?? NaN) / 1000, { digits: 2 });
  return {
    title: `a chain of ${chainTurns} stored Responses, one call at a time`,
    rounds: 1,
    gatewaysOnly: true,
    /** @type {import('../support/part.js').Work} */
    warmUp: ({ load }, target) => load.ask('chain', { target, ...WARM_UP }),
    /** @type {import('../support/part.js').Work} */
    run: ({ load }, target) =>
      load.ask('chain', { target, turns: chainTurns, marks, probes: PROBES, reads: READS, limitMs: chainMs }),
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      ...marks.flatMap((mark) => [
        milliseconds(samples, `turn ${mark} continued, latency`, ({ at }) => at[mark]?.latency),
        milliseconds(
          samples,
          `turn ${mark} continued, time to first token`,
          ({ at }) => at[mark]?.firstToken,
        ),
      ]),
      milliseconds(samples, 'retrieve, latency', ({ retrieve }) => retrieve),
      milliseconds(samples, 'input_items, latency', ({ inputItems }) => inputItems),
      figure('building the chain, s', samples, ({ result }) => result.buildMicroseconds / 1e6, { digits: 1 }),
      ...surroundings(samples),
    ],
  };
}
