// @ts-check
/** From the client's hang-up to the hang-up that the upstream sees, both while nothing flows. */
import { figure } from '../support/figures.js';
import { summary } from '../support/statistics.js';

const CALLS = 40;
/** The upstream has the call by then; the hang-ups follow one each 5 ms. */
const WAIT_MS = 250;
/** The stated bound. */
const BOUND_MS = 100;

/** @typedef {{ stream: number[], whole: number[], unseen: number }} Result */

/**
 * @param {Record<string, number>} leftAt
 * @param {Record<string, number>} hangUps
 * @returns {Result}
 */
function delays(leftAt, hangUps) {
  /** @type {Result} */
  const found = { stream: [], whole: [], unseen: 0 };
  for (const [mark, left] of Object.entries(leftAt)) {
    const seen = hangUps[mark];
    if (seen === undefined) found.unseen += 1;
    else (mark.startsWith('mark-stream') ? found.stream : found.whole).push(seen - left);
  }
  return found;
}

/** @param {import('../support/settings.js').Settings} settings */
export function disconnectsPart({ rounds }) {
  let runs = 0;
  /** @param {import('../support/figures.js').Samples<Result>} samples */
  const row = (
    samples,
    /** @type {'stream' | 'whole'} */ kind,
    /** @type {'p50' | 'p99'} */ share,
    /** @type {string} */ label,
  ) => {
    // A quantile of all rounds together: one round has too few calls for its own p99.
    const pooled = Object.fromEntries(
      Object.entries(samples).map(([name, list]) => {
        const all = list.flatMap(({ result }) => result[kind]);
        return [name, list.slice(0, 1).map((sample) => ({ ...sample, result: summary(all) }))];
      }),
    );
    return figure(`${label}, ${share}, ms`, pooled, ({ result }) => result[share] / 1000, { digits: 1 });
  };
  return {
    title: `client hangs up → upstream sees it (bound: ${BOUND_MS} ms)`,
    rounds: rounds.disconnects,
    warmUp: async () => undefined,
    /** @type {import('../support/part.js').Work} */
    run: async ({ load, mock }, target) => {
      runs += 1;
      const { leftAt, failures } = await load.ask('disconnects', {
        target,
        calls: CALLS,
        waitMs: WAIT_MS,
        run: runs,
      });
      return { ...delays(leftAt, await mock.ask('takeHangUps')), failures };
    },
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      row(samples, 'stream', 'p50', 'stream, silent upstream'),
      row(samples, 'stream', 'p99', 'stream, silent upstream'),
      row(samples, 'whole', 'p50', 'non-streamed call'),
      row(samples, 'whole', 'p99', 'non-streamed call'),
      figure('hang-ups that the upstream never saw', samples, ({ result }) => result.unseen),
    ],
  };
}
