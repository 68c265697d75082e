// @ts-check
/** A long chain of stored Responses: what a turn takes when there is more and more before it, and what a read takes. */
import { builds, targetOf } from '../support/columns.js';
import { SURROUNDINGS } from '../support/figures.js';

/** Calls that continue the chain at each of the marks, of each kind. */
const PROBES = 20;
const READS = 200;
const WARM_UP = { turns: 20, marks: [20], probes: 5, reads: 20, limitMs: 10_000 };

/**
 * @typedef {object} Result
 * @property {Record<string, { latency: number, firstToken: number }>} at p50s in microseconds, by the turns before the call
 * @property {number} retrieve p50 in microseconds
 * @property {number} inputItems p50 in microseconds
 * @property {number} buildMicroseconds
 */

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function chainPart({ chainTurns, chainMs }) {
  const marks = [1, 100, chainTurns];
  const row = (
    /** @type {string} */ id,
    /** @type {string} */ label,
    /** @type {(result: Result) => number | undefined} */ microseconds,
    /** @type {string} */ table = '',
  ) => ({
    id,
    label: `${label} p50, ms`,
    ...(table !== '' && { table: `${table}, ms` }),
    digits: 2,
    pick: (/** @type {{ result: Result }} */ { result }) => (microseconds(result) ?? NaN) / 1000,
  });
  return {
    name: 'chain',
    title: `a chain of ${chainTurns} stored Responses, one call at a time`,
    columns: builds,
    rounds: 1,
    warmUp: ({ load }, column) => load.ask('chain', { target: targetOf(column), ...WARM_UP }),
    run: ({ load }, column) =>
      load.ask('chain', {
        target: targetOf(column),
        turns: chainTurns,
        marks,
        probes: PROBES,
        reads: READS,
        limitMs: chainMs,
      }),
    rows: [
      ...marks.flatMap((mark) => [
        row(
          `turn-${mark}`,
          `turn ${mark} continued, latency`,
          ({ at }) => at[mark]?.latency,
          mark === chainTurns ? `a chain of ${mark} turns, its next turn` : '',
        ),
        row(
          `turn-${mark}-first`,
          `turn ${mark} continued, time to first token`,
          ({ at }) => at[mark]?.firstToken,
        ),
      ]),
      row('retrieve', 'retrieve, latency', ({ retrieve }) => retrieve, 'a retrieve'),
      row('items', 'input_items, latency', ({ inputItems }) => inputItems),
      {
        id: 'build',
        label: 'building the chain, s',
        digits: 1,
        pick: ({ result }) => result.buildMicroseconds / 1e6,
      },
      ...SURROUNDINGS,
    ],
  };
}
