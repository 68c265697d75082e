// @ts-check
/** From the samples of all rounds to the cells of one row. */
import { median } from './statistics.js';

/**
 * @template Result
 * @typedef {{ result: Result, cost: import('./measure.js').Cost, busy: boolean }} Sample
 */
/**
 * One list per target, in the order of the rounds, so that equal places belong to the same round.
 * @template Result
 * @typedef {Record<string, readonly Sample<Result>[]>} Samples
 */
/** @typedef {{ label: string, cells: Record<string, string> }} Row */

const NOTHING = '-';

/**
 * @param {number} value
 * @param {number} digits after the point
 */
const number = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : NOTHING);

/**
 * One target over another, round by round: the median, and between which values it lay.
 * @param {readonly number[]} upper
 * @param {readonly number[]} lower
 */
function ratio(upper, lower) {
  const ratios = upper.map((value, round) => value / (lower[round] ?? NaN)).filter(Number.isFinite);
  if (ratios.length === 0) return NOTHING;
  const range = `${number(Math.min(...ratios), 2)}..${number(Math.max(...ratios), 2)}`;
  return `${number(median(ratios), 2)} (${range})`;
}

/**
 * A row of medians over the rounds.
 * `added`: every target but `direct` is shown as the difference to the direct run of the same round.
 * `compared`: the row has the ratio of gateway and proxy. That of two gateways is always shown.
 * @template Result
 * @param {string} label
 * @param {Samples<Result>} samples
 * @param {(sample: Sample<Result>) => number} pick
 * @param {{ digits?: number, added?: boolean, compared?: boolean }} [options]
 * @returns {Row}
 */
export function figure(label, samples, pick, { digits = 0, added = false, compared = false } = {}) {
  const values = Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, list.map(pick)]));
  const cells = Object.fromEntries(
    Object.entries(values).map(([name, list]) => {
      const relative = added && name !== 'direct';
      const shown = median(
        relative ? list.map((value, round) => value - (values.direct?.[round] ?? NaN)) : list,
      );
      const sign = relative && shown >= 0 ? '+' : '';
      const mark = Number.isFinite(shown) && samples[name]?.some(({ busy }) => busy) ? '!' : '';
      return [name, `${sign}${number(shown, digits)}${mark}`];
    }),
  );
  if (compared && values.gateway !== undefined) cells.ratio = ratio(values.gateway, values.proxy ?? []);
  if (values.gateway !== undefined && values.beside !== undefined)
    cells.gained = ratio(values.gateway, values.beside);
  return { label, cells };
}

/**
 * What the machine was doing meanwhile: memory of the target, and who else used the processors.
 * @template Result
 * @param {Samples<Result>} samples
 * @returns {Row[]}
 */
export function surroundings(samples) {
  return [
    figure('memory (RSS), MB', samples, ({ cost }) => cost.memory),
    figure('memory of PostgreSQL, MB', samples, ({ cost }) => cost.postgresMemory),
    figure('load generator, cores', samples, ({ cost }) => cost.loadCores, { digits: 2 }),
    figure('mock upstream, cores', samples, ({ cost }) => cost.mockCores, { digits: 2 }),
    figure('anything else, cores', samples, ({ cost }) => cost.otherCores, { digits: 2 }),
  ];
}
