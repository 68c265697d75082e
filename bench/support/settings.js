// @ts-check
import { parseArgs } from 'node:util';

/**
 * @typedef {object} Settings
 * @property {{ calls: number, responses: number, streams: number, disconnects: number, ledger: number }} rounds
 * @property {number} callsMs length of one run of calls
 * @property {number} warmUpMs
 * @property {number} streams
 * @property {number} frames of one stream
 * @property {number} intervalMs between two frames
 * @property {number} chainTurns responses in the chain
 * @property {number} chainMs no turn is added to the chain after it
 * @property {number} softLimitMs no round begins after it, except a part's first
 * @property {number} hardLimitMs the run is broken off
 * @property {'native' | 'external'} surface
 */

const STREAMS = { streams: 200, intervalMs: 20 };

const FULL = {
  rounds: { calls: 5, responses: 3, streams: 5, disconnects: 5, ledger: 3 },
  frames: 100,
  callsMs: 2500,
  warmUpMs: 2000,
  chainTurns: 1000,
  chainMs: 60_000,
  softLimitMs: 210_000,
  hardLimitMs: 300_000,
};

const QUICK = {
  rounds: { calls: 2, responses: 2, streams: 1, disconnects: 1, ledger: 1 },
  frames: 50,
  callsMs: 700,
  warmUpMs: 500,
  chainTurns: 200,
  chainMs: 20_000,
  softLimitMs: 35_000,
  hardLimitMs: 90_000,
};

export const USAGE = `Usage: npm run bench -- [--quick] [--surface native|external]

  --quick     about half a minute: fewer and shorter rounds, a chain of 200 turns, for a look only
  --surface   the gateway's surface that is measured (default: native, with receipts)`;

/**
 * @param {string[]} parameters
 * @returns {Settings | undefined} undefined when only the usage was asked for
 */
export function readSettings(parameters) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      quick: { type: 'boolean', default: false },
      surface: { type: 'string', default: 'native' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { surface } = values;
  if (surface !== 'native' && surface !== 'external')
    throw new Error(`--surface ${surface}: native or external`);
  return { ...(values.quick ? QUICK : FULL), ...STREAMS, surface };
}
