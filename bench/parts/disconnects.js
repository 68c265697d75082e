// @ts-check
/** From the client's hang-up to the hang-up that the upstream sees, both while nothing flows. */
import { all, targetOf } from '../support/columns.js';
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

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function disconnectsPart({ rounds }) {
  let runs = 0;
  /**
   * A quantile of all rounds together: one round has too few calls for its own p99.
   * @param {'stream' | 'whole'} kind
   * @param {'p50' | 'p99'} share
   * @param {string} label
   */
  const row = (kind, share, label) => ({
    id: `${kind}-${share}`,
    label: `${label}, ${share}, ms`,
    digits: 1,
    pooled: (/** @type {Result[]} */ results) =>
      summary(results.flatMap((result) => result[kind]))[share] / 1000,
  });
  return {
    name: 'disconnects',
    title: `client hangs up → upstream sees it (bound: ${BOUND_MS} ms)`,
    columns: all,
    rounds,
    warmUp: async () => undefined,
    run: async ({ load, mock }, column) => {
      runs += 1;
      const { leftAt, failures } = await load.ask('disconnects', {
        target: targetOf(column),
        calls: CALLS,
        waitMs: WAIT_MS,
        run: runs,
      });
      return { ...delays(leftAt, await mock.ask('takeHangUps')), failures };
    },
    rows: [
      row('stream', 'p50', 'stream, silent upstream'),
      row('stream', 'p99', 'stream, silent upstream'),
      row('whole', 'p50', 'whole call'),
      row('whole', 'p99', 'whole call'),
      {
        id: 'unseen',
        label: 'hang-ups that the upstream never saw',
        pick: ({ result }) => result.unseen,
      },
    ],
  };
}
