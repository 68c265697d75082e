// @ts-check
/** Whole calls that wallets pay for, beside those of a key, on a gateway and a local chain of their own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from '../../scripts/local-chain/local-chain.js';
import { startChild } from '../support/children.js';
import { figure } from '../support/figures.js';

/** What a wallet pays for at the same time. */
const CONCURRENCY = 16;

/** @typedef {import('../processes/wallets.js').Cost} Cost */
/** @typedef {{ kinds: Record<'key' | 'exact' | 'upto', Cost>, payments: number, elapsedMicroseconds: number }} Result */

export const canPay = isAvailable;

/** @type {ReadonlyArray<[name: 'key' | 'exact' | 'upto', label: string]>} */
const KINDS = [
  ['key', 'by a key'],
  ['exact', 'by exact'],
  ['upto', 'by upto'],
];

/** @param {import('../support/settings.js').Settings} settings */
export function walletsPart({ walletCalls, callsMs }) {
  return {
    title: 'chat calls paid by wallets (x402)',
    rounds: 1,
    gatewaysOnly: true,
    /** @param {import('../support/measure.js').MeasuredTarget} target */
    isThereFor: ({ checkout = '' }) => existsSync(join(checkout, 'dist/payments/x402')),
    /** @type {import('../support/part.js').Work} */
    warmUp: () => Promise.resolve(),
    /** @type {import('../support/part.js').Work} */
    run: async (_, { checkout = '' }) => {
      const wallets = startChild('wallets', [checkout]);
      return wallets.ask('pay', { calls: walletCalls, durationMs: callsMs * 2, concurrency: CONCURRENCY });
    },
    /** @param {import('../support/figures.js').Samples<Result>} samples */
    rows: (samples) => {
      const rowsOf = (
        /** @type {string} */ unit,
        /** @type {(cost: Cost) => number} */ pick,
        /** @type {number} */ digits,
      ) =>
        KINDS.map(([name, label]) =>
          figure(`${label}: ${unit}`, samples, ({ result }) => pick(result.kinds[name]), { digits }),
        );
      return [
        ...rowsOf('CPU µs per call', ({ cpu }) => cpu, 0),
        ...rowsOf('PostgreSQL CPU µs per call', ({ postgresCpu }) => postgresCpu, 0),
        ...rowsOf('statements to PostgreSQL per call', ({ statements }) => statements, 1),
        ...rowsOf('requests to the RPC per call', ({ questions }) => questions, 1),
        ...rowsOf('latency p50, ms', ({ latency }) => latency / 1000, 1),
        figure(
          `settlements/s of one signer, ${CONCURRENCY} calls at a time`,
          samples,
          ({ result }) => (result.payments * 1e6) / result.elapsedMicroseconds,
          { digits: 1 },
        ),
      ];
    },
  };
}
