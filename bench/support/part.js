// @ts-check
/** One part of the benchmark, run in interleaved rounds: every column once a round, each round another one first. */
import { comparisonsOf } from './columns.js';
import { figuresOf } from './figures.js';
import { helperWasBusy, measure } from './measure.js';

/**
 * @typedef {import('./columns.js').Column} Column
 * @typedef {import('./measure.js').Bench} Bench
 * @typedef {object} Part
 * @property {string} name by which it is run alone
 * @property {string} title
 * @property {(columns: readonly Column[]) => readonly Column[]} columns of those that there are, whom it is run against
 * @property {readonly import('./table.js').Comparison[]} [comparisons] other than the usual ones
 * @property {number} rounds
 * @property {(bench: Bench, column: Column, milliseconds: number) => Promise<unknown>} warmUp
 * @property {(bench: Bench, column: Column) => Promise<any>} run its result has `failures: { count, first }`
 * @property {readonly import('./figures.js').Row[]} rows
 *
 * @typedef {object} LonePart a part with processes of its own
 * @property {string} name
 * @property {string} title
 * @property {(remainingMs: () => number) => Promise<Outcome>} runAlone
 *
 * @typedef {{ section: import('./table.js').Section, notes: string[], failed: boolean, disturbed?: number }} Outcome
 *   `disturbed`: so many cores were taken by other programs at the worst moment
 */

/** More than this share of a core taken by other programs blurs the figures. */
const QUIET_CORES = 0.1;

/**
 * @param {Part} part
 * @param {Bench} bench
 * @param {import('./settings.js').Settings} settings
 * @param {() => number} remainingMs until no new round may begin
 * @returns {Promise<Outcome>}
 */
export async function runPart(part, bench, settings, remainingMs) {
  const columns = part.columns(bench.columns);
  /** @type {Record<string, import('./figures.js').Sample<any>[]>} */
  const samples = Object.fromEntries(columns.map(({ name }) => [name, []]));
  /** @type {string[]} */
  const notes = [];
  let failed = false;
  let busyNeighbours = 0;
  const failing = (
    /** @type {string} */ column,
    /** @type {{ count: number, first: string }} */ failures,
  ) => {
    if (failures.count === 0) return;
    failed = true;
    notes.push(`${part.title}, ${column}: ${failures.count} failed, the first with: ${failures.first}`);
  };
  for (const column of columns) await part.warmUp(bench, column, warmUpMs(column, settings));
  for (let round = 0; round < part.rounds; round += 1) {
    if (round > 0 && remainingMs() <= 0) {
      notes.push(`${part.title}: ${round} of ${part.rounds} rounds, the time was up.`);
      break;
    }
    const first = round % columns.length;
    for (const column of [...columns.slice(first), ...columns.slice(0, first)]) {
      const { result, cost } = await measure(bench, column, () => part.run(bench, column));
      samples[column.name]?.push({ result, cost, busy: helperWasBusy(cost) });
      busyNeighbours = Math.max(busyNeighbours, cost.otherCores);
      failing(column.name, result.failures);
    }
  }
  const names = columns.map(({ name }) => name);
  const comparisons = part.comparisons ?? comparisonsOf(names);
  const yardstick = comparisons.find((comparison) => comparison.yardstick)?.lower ?? 'proxy';
  const figures = figuresOf(part, samples, yardstick);
  const section = { title: part.title, columns: names, comparisons, figures };
  return { section, notes, failed, ...(busyNeighbours > QUIET_CORES && { disturbed: busyNeighbours }) };
}

/**
 * V8 compiles hundreds of functions on a gateway's way to its speed: the first part that loads one takes that time.
 * @param {Column} column
 * @param {import('./settings.js').Settings} settings
 */
function warmUpMs({ gateway }, { warmUpMs: short, compileMs }) {
  if (gateway === undefined || gateway.isWarm) return short;
  gateway.isWarm = true;
  return compileMs;
}
