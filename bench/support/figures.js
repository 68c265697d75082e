// @ts-check
/** From the samples of all rounds to the figures of one part. */
import { median } from './statistics.js';

/**
 * @template Result
 * @typedef {{ result: Result, cost: import('./measure.js').Cost, busy: boolean }} Sample
 */
/**
 * One list per column, in the order of the rounds, so that equal places belong to the same round.
 * @template Result
 * @typedef {Record<string, readonly Sample<Result>[]>} Samples
 */
/**
 * What a part tells of its samples.
 * @typedef {object} Row
 * @property {string} id within its part
 * @property {string} label among the part's own rows
 * @property {string} [table] its label in the table of `npm run bench`; without one it is not there
 * @property {number} [digits] after the point
 * @property {((sample: Sample<any>) => number) | undefined} [pick] one round's value
 * @property {(results: any[]) => number} [pooled] instead of it: one value of all rounds together
 * @property {'ratio' | 'difference'} [compared] with the yardstick, round by round
 * @property {(sample: Sample<any>) => number} [base] what of the yardstick it is compared with; else the same
 * @property {boolean} [checked] by `--compare`
 */
/**
 * @typedef {object} Figure
 * @property {string} id with the part's name
 * @property {string} label
 * @property {string | undefined} table
 * @property {number} digits
 * @property {Record<string, readonly number[]>} values by column, one for each round
 * @property {readonly number[]} base the yardstick's
 * @property {'ratio' | 'difference' | undefined} compared
 * @property {boolean} checked
 * @property {readonly string[]} busy columns with a run that the harness may have limited
 */

/**
 * @param {{ name: string, rows: readonly Row[] }} part
 * @param {Samples<any>} samples
 * @param {string} yardstick a column
 * @returns {Figure[]}
 */
export function figuresOf({ name, rows }, samples, yardstick) {
  const columns = Object.entries(samples);
  return rows.map(({ id, label, table, digits = 0, pick, pooled, compared, base, checked = false }) => {
    const valuesOf = (/** @type {readonly Sample<any>[]} */ list) =>
      pooled ? [pooled(list.map(({ result }) => result))] : list.map(pick ?? (() => NaN));
    const values = Object.fromEntries(columns.map(([column, list]) => [column, valuesOf(list)]));
    return {
      id: `${name}.${id}`,
      label,
      table,
      digits,
      values,
      base: (base ? samples[yardstick]?.map(base) : values[yardstick]) ?? [],
      compared,
      checked,
      busy: columns.flatMap(([column, list]) => (list.some(({ busy }) => busy) ? [column] : [])),
    };
  });
}

/** @typedef {{ median: number, lowest: number, highest: number }} Spread of the rounds; NaN where there are none */

/**
 * @param {readonly number[]} values
 * @returns {Spread}
 */
export function spreadOf(values) {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return { median: NaN, lowest: NaN, highest: NaN };
  return { median: median(known), lowest: Math.min(...known), highest: Math.max(...known) };
}

/**
 * One column compared with another, round by round.
 * @param {readonly number[]} upper
 * @param {readonly number[]} lower
 * @param {'ratio' | 'difference'} how
 */
export const compare = (upper, lower, how = 'ratio') =>
  spreadOf(
    upper.map((value, round) => {
      const other = lower[round] ?? NaN;
      return how === 'ratio' ? value / other : value - other;
    }),
  );

/**
 * What the machine was doing meanwhile: memory of the target, and who else used the processors.
 * @type {readonly Row[]}
 */
export const SURROUNDINGS = [
  { id: 'memory', label: 'memory (Pss), MB', pick: ({ cost }) => cost.memory },
  { id: 'postgres-memory', label: 'memory of PostgreSQL (Pss), MB', pick: ({ cost }) => cost.postgresMemory },
  { id: 'load', label: 'load generator, cores', digits: 2, pick: ({ cost }) => cost.loadCores },
  { id: 'mock', label: 'mock upstream, cores', digits: 2, pick: ({ cost }) => cost.mockCores },
  { id: 'other', label: 'anything else, cores', digits: 2, pick: ({ cost }) => cost.otherCores },
];
