// @ts-check
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isBuilt } from './gateway.js';

/**
 * @typedef {object} Settings
 * @property {readonly string[]} names of the parts to run; none: those of the table
 * @property {number} rounds
 * @property {number} ledgerRounds
 * @property {number} startRounds
 * @property {number} callsMs length of one run of calls
 * @property {number} ledgerMs
 * @property {number} warmUpMs
 * @property {number} compileMs a gateway's first warm-up: until V8 has compiled what calls use most
 * @property {number} idleMs before the memory of an idle gateway is read
 * @property {number} streams
 * @property {number} frames of one stream
 * @property {number} intervalMs between two frames
 * @property {number} walletCalls of each kind, one after the other
 * @property {number} chainTurns responses in the chain
 * @property {number} chainMs no turn is added to the chain after it
 * @property {number} openStreams
 * @property {number} openMs
 * @property {number} receipts that the database of `admin` has
 * @property {number} softLimitMs no round begins after it, except a part's first
 * @property {number} hardLimitMs the run is broken off
 * @property {string | undefined} beside another built checkout, measured in the same rounds
 * @property {string | undefined} full the directory of a gateway whose database is full, measured in the same rounds
 * @property {import('./address.js').Address | undefined} address somebody else's gateway
 * @property {number} mockPort of the mock upstream; 0: a free one
 * @property {boolean} save
 * @property {boolean} compare
 */

const FULL = {
  rounds: 5,
  ledgerRounds: 5,
  startRounds: 3,
  streams: 200,
  frames: 100,
  intervalMs: 20,
  callsMs: 1000,
  ledgerMs: 1200,
  warmUpMs: 1500,
  compileMs: 8000,
  idleMs: 3000,
  walletCalls: 40,
  chainTurns: 1000,
  chainMs: 50_000,
  openStreams: 10_000,
  openMs: 60_000,
  receipts: 1_000_000,
  softLimitMs: 240_000,
  hardLimitMs: 300_000,
};

const QUICK = {
  ...FULL,
  rounds: 2,
  ledgerRounds: 1,
  startRounds: 1,
  callsMs: 500,
  ledgerMs: 700,
  warmUpMs: 400,
  compileMs: 1500,
  idleMs: 1000,
  walletCalls: 8,
  chainTurns: 200,
  chainMs: 20_000,
  openStreams: 500,
  openMs: 20_000,
  receipts: 50_000,
  softLimitMs: 70_000,
  hardLimitMs: 150_000,
};

/** Where parts are named, they may take this much longer. */
const NAMED_TAKE = 3;

export const USAGE = `Usage: npm run bench -- [name …] [options]

  name …             parts to run, with all their figures; without a name the table of all that counts

  --quick            fewer and shorter rounds, about a minute, for a look only
  --beside DIR       another built checkout of this project in the same rounds, to compare two versions
  --full DIR         this build on a database that bench/fill.js has filled, in the same rounds; admin asks it, too
  --save             write the table to bench/results
  --compare          run the parts whose CPU per call is checked, and compare it with the newest results of this
                     major version of Node; the exit status is 1 when one is worse than the tolerance

  --address NAME=URL         somebody else's gateway as one more column, such as other=http://127.0.0.1:8080/v1
  --address-key KEY          its key (default: BENCH_ADDRESS_KEY of the environment)
  --address-header 'K: V'    one more header of calls to it; may be repeated
  --address-pid PID          its process, may be repeated; default: whoever listens on its port
  --mock-port PORT           where the mock upstream listens on 127.0.0.1, to be configured there before

  --streams N, --minutes M   of open-streams (default: 10000, 1)
  --receipts N               of admin (default: 1000000)`;

/** @param {string | undefined} text @param {string} option */
function positive(text, option) {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${option} ${text}: a number above 0`);
  return number;
}

/**
 * @param {{ address?: string, 'address-key'?: string, 'address-header': string[], 'address-pid': string[] }} values
 * @returns {import('./address.js').Address | undefined}
 */
function readAddress(values) {
  const { address, 'address-key': key = process.env.BENCH_ADDRESS_KEY ?? 'bench' } = values;
  if (address === undefined) return undefined;
  const [, name, url] = /^([\w.-]+)=(https?:.+)$/.exec(address) ?? [];
  if (name === undefined || url === undefined || !URL.canParse(url))
    throw new Error(`--address ${address}: NAME=URL, such as other=http://127.0.0.1:8080/v1`);
  const own = values['address-header'].map((header) => {
    const [, field = '', value = ''] = /^([\w-]+): *(.*)$/.exec(header) ?? [];
    if (field === '') throw new Error(`--address-header ${header}: 'name: value'`);
    return [field, value];
  });
  const headers = { authorization: `Bearer ${key}`, ...Object.fromEntries(own) };
  return { name, url: new URL(url), headers, pids: values['address-pid'].map(Number) };
}

/**
 * @param {string[]} parameters
 * @returns {Settings | undefined} undefined when only the usage was asked for
 */
export function readSettings(parameters) {
  const { values, positionals } = parseArgs({
    args: parameters,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      beside: { type: 'string' },
      full: { type: 'string' },
      save: { type: 'boolean', default: false },
      compare: { type: 'boolean', default: false },
      address: { type: 'string' },
      'address-key': { type: 'string' },
      'address-header': { type: 'string', multiple: true, default: [] },
      'address-pid': { type: 'string', multiple: true, default: [] },
      'mock-port': { type: 'string', default: '0' },
      streams: { type: 'string' },
      minutes: { type: 'string' },
      receipts: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { beside, full, save, compare } = values;
  if (beside !== undefined && !isBuilt(beside)) throw new Error(`--beside ${beside}: no dist/main.js there`);
  if (full !== undefined && !existsSync(join(full, 'data')))
    throw new Error(`--full ${full}: no data there; node bench/fill.js ${full} makes it`);
  if (save && (positionals.length > 0 || compare || values.quick))
    throw new Error('--save writes the whole table: without names, --quick and --compare');
  const length = values.quick ? QUICK : FULL;
  const address = readAddress(values);
  const openMs = (positive(values.minutes, '--minutes') ?? length.openMs / 60_000) * 60_000;
  // Beside others a round takes longer.
  const longer =
    1 + (beside === undefined ? 0 : 0.7) + (full === undefined ? 0 : 0.7) + (address === undefined ? 0 : 0.4);
  const named = positionals.length > 0 ? NAMED_TAKE : 1;
  return {
    ...length,
    openStreams: positive(values.streams, '--streams') ?? length.openStreams,
    openMs,
    receipts: positive(values.receipts, '--receipts') ?? length.receipts,
    softLimitMs: length.softLimitMs * longer * named,
    hardLimitMs: length.hardLimitMs * longer * named + (positionals.includes('open-streams') ? openMs : 0),
    names: positionals,
    beside,
    full,
    address,
    mockPort: Number(values['mock-port']),
    save,
    compare,
  };
}
