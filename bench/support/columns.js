// @ts-check
/** Whom the load goes to: the columns of all tables. */
import { startAddress } from './address.js';
import { startChild, HERE } from './children.js';
import { isBuilt, startGateway } from './gateway.js';

/**
 * One target of the load. Both surfaces of a gateway are the same process: only one is under load at a time.
 * @typedef {object} Column
 * @property {string} name
 * @property {string} origin
 * @property {string} base what comes before the path of a call
 * @property {Record<string, string>} headers
 * @property {readonly number[]} pids of which its CPU is; none: it has no process of its own
 * @property {number} [postmaster]
 * @property {import('./gateway.js').Gateway} [gateway]
 */

const SURFACES = { native: '/v1', external: '/external/v1' };

/** What the yardsticks can do as well. @param {readonly Column[]} columns */
export const all = (columns) => columns;

/** Both surfaces, and as yardstick a proxy's chat calls. @param {readonly Column[]} columns */
export const withResponses = (columns) => columns.filter(({ gateway, name }) => gateway || name === 'proxy');

/** One for each build. @param {readonly Column[]} columns */
export const builds = (columns) => columns.filter(({ gateway, base }) => gateway && base === SURFACES.native);

/**
 * What the load generator is told of one.
 * @param {Column} column
 * @returns {import('./exchange.js').Target}
 */
export const targetOf = ({ origin, base, headers }) => ({ origin, base, headers });

/** @param {import('./gateway.js').Gateway} gateway @param {keyof typeof SURFACES} surface @param {string} name */
export const surfaceOf = (gateway, surface, name) => ({
  name,
  origin: gateway.url,
  base: SURFACES[surface],
  headers: gateway.headers,
  pids: [gateway.pid],
  ...(gateway.postmaster !== undefined && { postmaster: gateway.postmaster }),
  gateway,
});

/**
 * @param {readonly string[]} names of columns
 * @returns {import('./table.js').Comparison[]}
 */
export function comparisonsOf(names) {
  const pair = (/** @type {string} */ upper, /** @type {string} */ lower, yardstick = false) =>
    names.includes(upper) && names.includes(lower)
      ? [{ heading: `${upper} ÷ ${lower}`, upper, lower, yardstick }]
      : [];
  const others = names.filter((name) => !/^(direct|proxy|beside .+|full .+)$/.test(name));
  return [
    ...others.flatMap((name) => pair(name, 'proxy', true)),
    ...pair('native', 'external'),
    ...pair('native', 'beside native'),
    ...pair('external', 'beside external'),
    ...pair('full native', 'native'),
    ...pair('full external', 'external'),
  ];
}

/**
 * @param {import('./settings.js').Settings} settings
 * @param {{ direct: boolean }} which
 * @returns {Promise<{ bench: import('./measure.js').Bench, notes: string[], stop: () => Promise<void> }>}
 */
export async function startColumns(settings, { direct }) {
  const { frames, intervalMs, idleMs, beside, full, address, mockPort } = settings;
  const mock = startChild('mock-upstream', [String(frames), String(intervalMs)]);
  const load = startChild('load');
  const upstream = await mock.ask('start', { port: mockPort });
  const proxy = startChild('bare-proxy', [upstream]);
  const headers = { authorization: 'Bearer bench' };
  const base = '/v1';
  /** @type {Column[]} */
  const columns = [
    ...(direct ? [{ name: 'direct', origin: upstream, base, headers, pids: [] }] : []),
    { name: 'proxy', origin: await proxy.ask('start'), base, headers, pids: [proxy.pid] },
  ];
  if (!isBuilt(HERE)) throw new Error('dist/main.js is missing: npm run build');
  const gateways = [];
  const add = async (
    /** @type {string} */ who,
    /** @type {{ checkout?: string, directory?: string }} */ own = {},
  ) => {
    const gateway = await startGateway({ checkout: HERE, upstream, idleMs, ...own });
    gateways.push(gateway);
    columns.push(
      surfaceOf(gateway, 'native', `${who}native`),
      surfaceOf(gateway, 'external', `${who}external`),
    );
  };
  await add('');
  if (beside) await add('beside ', { checkout: beside });
  if (full) await add('full ', { directory: full });
  if (address) columns.push(await startAddress(address, upstream));
  const stop = async () => {
    for (const gateway of gateways) await gateway.stop();
  };
  return { bench: { columns, load, mock, upstream }, notes: gateways.flatMap(({ notes }) => notes), stop };
}
