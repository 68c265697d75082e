// @ts-check
/** Whole calls that wallets pay for, beside those of a key, on a gateway and a local chain of their own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from '../../scripts/local-chain/local-chain.js';
import { startChild } from '../support/children.js';
import { builds } from '../support/columns.js';

/** What a wallet pays for at the same time. */
const CONCURRENCY = 16;

/** @typedef {import('../processes/wallets.js').Cost} Cost */
/** @typedef {{ kinds: Record<'key' | 'exact' | 'upto', Cost>, payments: number, elapsedMicroseconds: number }} Result */

/** @type {ReadonlyArray<[name: 'key' | 'exact' | 'upto', label: string]>} */
const KINDS = [
  ['key', 'by a key'],
  ['exact', 'by exact'],
  ['upto', 'by upto'],
];

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').Part} */
export function walletsPart({ walletCalls, callsMs }) {
  const rowsOf = (
    /** @type {string} */ unit,
    /** @type {(cost: Cost) => number} */ pick,
    /** @type {number} */ digits,
  ) =>
    KINDS.map(([name, label]) => ({
      id: `${name} ${unit}`,
      label: `${label}: ${unit}`,
      digits,
      pick: (/** @type {{ result: Result }} */ { result }) => pick(result.kinds[name]),
    }));
  return {
    name: 'wallets',
    title: 'chat calls paid by wallets (x402)',
    columns: (columns) =>
      builds(columns).filter(({ gateway }) =>
        existsSync(join(gateway?.checkout ?? '', 'dist/payments/x402')),
      ),
    rounds: 1,
    warmUp: () => {
      if (!isAvailable)
        throw new Error('There is no anvil for this platform, so no call is paid by a wallet.');
      return Promise.resolve();
    },
    run: async (_, { gateway }) => {
      const wallets = startChild('wallets', [gateway?.checkout ?? '']);
      return wallets.ask('pay', { calls: walletCalls, durationMs: callsMs * 4, concurrency: CONCURRENCY });
    },
    rows: [
      ...rowsOf('CPU µs per call', ({ cpu }) => cpu, 0),
      ...rowsOf('PostgreSQL CPU µs per call', ({ postgresCpu }) => postgresCpu, 0),
      ...rowsOf('statements to PostgreSQL per call', ({ statements }) => statements, 1),
      ...rowsOf('requests to the RPC per call', ({ questions }) => questions, 1),
      ...rowsOf('latency p50, ms', ({ latency }) => latency / 1000, 1),
      {
        id: 'settlements',
        label: `settlements/s of one signer, ${CONCURRENCY} calls at a time`,
        digits: 1,
        pick: ({ result }) => (result.payments * 1e6) / result.elapsedMicroseconds,
      },
    ],
  };
}
