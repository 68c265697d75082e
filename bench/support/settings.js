// @ts-check
import { parseArgs } from 'node:util';
import { isBuilt } from './gateway.js';

/**
 * @typedef {object} Settings
 * @property {{ calls: number, responses: number, streams: number, disconnects: number, ledger: number }} rounds
 * @property {number} callsMs length of one run of calls
 * @property {number} warmUpMs
 * @property {number} compileMs the same for a gateway's whole calls: until V8 has compiled what they use most
 * @property {number} streams
 * @property {number} frames of one stream
 * @property {number} intervalMs between two frames
 * @property {number} walletCalls of each kind, one after the other
 * @property {number} chainTurns responses in the chain
 * @property {number} chainMs no turn is added to the chain after it
 * @property {number} softLimitMs no round begins after it, except a part's first
 * @property {number} hardLimitMs the run is broken off
 * @property {'native' | 'external'} surface
 * @property {string | undefined} beside another built checkout, measured in the same rounds
 * @property {string} only what the title of a part has to contain
 */

const STREAMS = { streams: 200, intervalMs: 20 };

const FULL = {
  rounds: { calls: 5, responses: 3, streams: 5, disconnects: 5, ledger: 3 },
  frames: 100,
  callsMs: 2500,
  warmUpMs: 2000,
  compileMs: 14_000,
  walletCalls: 40,
  chainTurns: 1000,
  chainMs: 60_000,
  softLimitMs: 240_000,
  hardLimitMs: 360_000,
};

const QUICK = {
  rounds: { calls: 2, responses: 2, streams: 1, disconnects: 1, ledger: 1 },
  frames: 50,
  callsMs: 700,
  warmUpMs: 500,
  compileMs: 500,
  walletCalls: 8,
  chainTurns: 200,
  chainMs: 20_000,
  softLimitMs: 35_000,
  hardLimitMs: 150_000,
};

/** Times the length of a run with one gateway. */
const BESIDE_TAKES = 2;

export const USAGE = `Usage: npm run bench -- [--quick] [--surface native|external] [--beside directory] [--only words]

  --quick     about a minute: fewer and shorter rounds, a chain of 200 turns, for a look only
  --surface   the gateway's surface that is measured (default: native, with receipts)
  --beside    another built checkout of this project, measured in the same rounds, to compare two versions
  --only      the parts whose titles contain these words`;

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
      beside: { type: 'string' },
      only: { type: 'string', default: '' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { surface, beside } = values;
  if (surface !== 'native' && surface !== 'external')
    throw new Error(`--surface ${surface}: native or external`);
  if (beside !== undefined && !isBuilt(beside)) throw new Error(`--beside ${beside}: no dist/main.js there`);
  const length = values.quick ? QUICK : FULL;
  const longer = beside === undefined ? 1 : BESIDE_TAKES;
  return {
    ...length,
    ...STREAMS,
    softLimitMs: length.softLimitMs * longer,
    hardLimitMs: length.hardLimitMs * longer,
    surface,
    beside,
    only: values.only,
  };
}
