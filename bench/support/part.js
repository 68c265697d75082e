// @ts-check
/** One part of the benchmark, run in interleaved rounds: every target once a round, each round another one first. */
import { helperWasBusy, measure } from './measure.js';

/**
 * @typedef {(bench: import('./measure.js').Bench, target: import('./measure.js').MeasuredTarget) => Promise<any>} Work
 *   Its result has `failures: { count, first }`.
 * @typedef {object} Part
 * @property {string} title
 * @property {number} rounds
 * @property {boolean} [gatewaysOnly] whether the yardsticks have nothing like it
 * @property {(target: import('./measure.js').MeasuredTarget) => boolean} [isThereFor] whether a build can do it
 * @property {Work} warmUp
 * @property {Work} run
 * @property {(samples: import('./figures.js').Samples<any>) => import('./figures.js').Row[]} rows
 */

/** More than this share of a core taken by other programs blurs the figures. */
const QUIET_CORES = 0.1;

/**
 * @param {Part} part
 * @param {import('./measure.js').Bench} bench
 * @param {() => number} remainingMs until no new round may begin
 */
export async function runPart(part, bench, remainingMs) {
  /** @type {Record<string, import('./figures.js').Sample<any>[]>} */
  const samples = Object.fromEntries(bench.targets.map(({ name }) => [name, []]));
  /** @type {string[]} */
  const notes = [];
  let failed = false;
  let busyNeighbours = 0;
  const targets = bench.targets.filter(
    (target) => (target.ledger !== undefined || !part.gatewaysOnly) && (part.isThereFor?.(target) ?? true),
  );
  for (const target of targets) await part.warmUp(bench, target);
  for (let round = 0; round < part.rounds; round += 1) {
    if (round > 0 && remainingMs() <= 0) {
      notes.push(`${part.title}: ${round} of ${part.rounds} rounds, the time was up.`);
      break;
    }
    const first = round % targets.length;
    for (const target of [...targets.slice(first), ...targets.slice(0, first)]) {
      const { result, cost } = await measure(bench, target, () => part.run(bench, target));
      samples[target.name]?.push({ result, cost, busy: helperWasBusy(cost) });
      busyNeighbours = Math.max(busyNeighbours, cost.otherCores);
      if (result.failures.count === 0) continue;
      failed = true;
      notes.push(
        `${part.title}, ${target.name}: ${result.failures.count} failed, the first with: ${result.failures.first}`,
      );
    }
  }
  if (busyNeighbours > QUIET_CORES) {
    notes.push(
      `${part.title}: other programs took up to ${busyNeighbours.toFixed(2)} cores. Repeat it on a quiet machine.`,
    );
  }
  return { section: { title: part.title, rows: part.rows(samples) }, notes, failed };
}
