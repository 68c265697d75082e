// @ts-check
/** Holds that are taken and settled, with signed receipts: all of them on one key, and spread over many. */
import { builds } from '../support/columns.js';

/** Enough for full batches on both statements. */
const WORKERS = 512;

/** @param {string} name @param {number} keys */
function pairsPart(name, keys) {
  const where = keys === 1 ? 'one key' : `${keys} keys`;
  const pairs = async (
    /** @type {import('../support/columns.js').Column} */ column,
    /** @type {number} */ durationMs,
  ) => {
    const ledger = await column.gateway?.ledger();
    return ledger?.ask('pairs', { keys, workers: WORKERS, durationMs });
  };
  /** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
  return ({ ledgerRounds, ledgerMs, warmUpMs }) => ({
    name,
    title: `hold + settle without a call, ${WORKERS} at a time on ${where}`,
    columns: builds,
    rounds: ledgerRounds,
    // Not for as long as a gateway: it has the ledger's code alone.
    warmUp: (_, column) => pairs(column, warmUpMs),
    run: (_, column) => pairs(column, ledgerMs),
    rows: [
      {
        id: 'pairs',
        label: 'pairs/s',
        table: `hold + settle pairs a second, ${where}`,
        pick: ({ result }) => (result.pairs * 1e6) / result.elapsedMicroseconds,
      },
      {
        id: 'cpu',
        label: 'Node CPU µs per pair',
        digits: 1,
        pick: ({ result }) => result.cpu / result.pairs,
      },
      {
        id: 'postgres',
        label: 'PostgreSQL CPU µs per pair',
        pick: ({ result, cost }) => cost.postgresCpu / result.pairs,
      },
    ],
  });
}

export const ledgerPart = pairsPart('ledger', 1);
export const ledgerKeysPart = pairsPart('ledger-keys', 1000);
