// @ts-check
/** Holds that are taken and settled, with signed receipts: all of them on one key, and spread over many. */
import { figure } from '../support/figures.js';

/** Enough for full batches on both statements. */
const WORKERS = 512;

/** @typedef {{ pairs: number, cpu: number, elapsedMicroseconds: number }} Result */

/** @param {import('../support/measure.js').Child | undefined} ledger */
const asking = (ledger) => /** @type {import('../support/measure.js').Child} */ (ledger).ask;

/** @param {number} keys */
export function ledgerPart(keys) {
  /** @param {import('../support/settings.js').Settings} settings */
  return ({ rounds, callsMs, warmUpMs }) => ({
    title: `hold + settle without a call, ${WORKERS} at a time on ${keys === 1 ? 'one key' : `${keys} keys`}`,
    rounds: rounds.ledger,
    gatewaysOnly: true,
    /** @type {import('../support/part.js').Work} */
    warmUp: (_, { ledger }) => asking(ledger)('pairs', { keys, workers: WORKERS, durationMs: warmUpMs }),
    /** @type {import('../support/part.js').Work} */
    run: (_, { ledger }) => asking(ledger)('pairs', { keys, workers: WORKERS, durationMs: callsMs }),
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => [
      figure('pairs/s', samples, ({ result }) => (result.pairs * 1e6) / result.elapsedMicroseconds),
      figure('Node CPU µs per pair', samples, ({ result }) => result.cpu / result.pairs, { digits: 1 }),
      figure('PostgreSQL CPU µs per pair', samples, ({ result, cost }) => cost.postgresCpu / result.pairs),
    ],
  });
}
