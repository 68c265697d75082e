// @ts-check
/** What operators ask, and what retention takes, of a database that has a month of calls in it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { request } from 'undici';
import { HERE } from '../support/children.js';
import { fill, sumUp } from '../support/filling.js';
import { startGateway } from '../support/gateway.js';

const ROUNDS = 5;
const STORED_SHARE = 5;
const PAIRS = { keys: 100, workers: 32, durationMs: 10_000 };
const DAY_MS = 86_400_000;
/** Half of what is stored is older. */
const KEPT_DAYS = 15;

/** @type {readonly (readonly [label: string, sql: string])[]} */
const STATEMENTS = [
  ...['accounts', 'keys', 'open_holds', 'usage_daily'].map(
    (view) => /** @type {const} */ ([`admin.${view}, all of it`, `SELECT * FROM admin.${view}`]),
  ),
  [
    'admin.usage_daily, a week',
    `SELECT * FROM admin.usage_daily WHERE day > (now() AT TIME ZONE 'UTC')::date - 7`,
  ],
  ['admin.usage_daily, an account', `SELECT * FROM admin.usage_daily WHERE account = 'acct3'`],
  ['admin.receipts, the newest 100', 'SELECT * FROM admin.receipts ORDER BY settled_at DESC LIMIT 100'],
  ['admin.responses, the newest 100', 'SELECT * FROM admin.responses ORDER BY created_at DESC LIMIT 100'],
  [
    'admin.response_chains of an account that began in the last day',
    `SELECT * FROM admin.response_chains WHERE account = 'acct5' AND first_created_at > now() - interval '1 day'`,
  ],
];

const PAGES = [
  '/admin/keys?limit=100',
  '/admin/receipts?limit=100',
  '/admin/receipts?limit=100&account=acct3&order=asc',
  '/admin/receipts?limit=100&model=beta/fast',
  '/admin/receipts?model=not/there',
  '/admin/receipts?status=failed',
  '/admin/usage?limit=100',
  '/admin/usage?limit=100&account=acct3',
  '/admin/usage?limit=100&model=not/there',
  '/admin/usage?account=acct3&created_after=NOON',
  '/admin/responses?limit=100',
  '/admin/responses?limit=100&account=acct5',
  '/admin/responses?status=failed',
  '/admin/responses?status=cancelled',
  '/admin/responses?model=not/there',
  '/admin/videos',
];

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** @param {() => Promise<unknown>} work @returns {Promise<number[]>} milliseconds; the first time does not count */
async function times(work) {
  await work();
  const all = [];
  for (let round = 0; round < ROUNDS; round += 1) all.push(await timed(work));
  return all;
}

/**
 * Without what it takes to send the rows.
 * @param {pg.Client} client @param {string} sql @returns {Promise<number[]>} milliseconds in the server
 */
async function planned(client, sql) {
  const all = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { rows } = await client.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${sql}`);
    const [told] = rows[0]['QUERY PLAN'];
    all.push(told['Planning Time'] + told['Execution Time']);
  }
  return all.slice(1);
}

/** @param {import('../support/gateway.js').Gateway} gateway @param {string} page */
async function get({ url, adminToken }, page) {
  const yesterday = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
  const answer = await request(`${url}${page.replace('NOON', `${yesterday}T12:00:00Z`)}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`GET ${page}: ${answer.statusCode} ${text.slice(0, 300)}`);
}

/** The build's own purge. @param {string} url of the database */
async function purge(url) {
  const built = (/** @type {string} */ file) => import(pathToFileURL(join(HERE, 'dist', file)).href);
  const { Database } = await built('storage/database.js');
  const { PostgresRetentionStore } = await built('storage/responses/postgres-retention-store.js');
  const { Retention } = await built('responses/retention.js');
  const database = new Database(url);
  const retention = new Retention(new PostgresRetentionStore(database), { keepMs: KEPT_DAYS * DAY_MS });
  try {
    return (await retention.purge()).responses;
  } finally {
    await database.close();
  }
}

/**
 * @param {import('../support/gateway.js').Gateway} gateway
 * @param {(label: string, values: readonly number[], digits?: number) => void} show
 */
async function measureRetention(gateway, show) {
  const ledger = await gateway.ledger();
  const rate = async () => {
    const { pairs, elapsedMicroseconds } = await ledger.ask('pairs', PAIRS);
    return (pairs * 1e6) / elapsedMicroseconds;
  };
  await rate();
  show('hold + settle pairs a second, nothing else', [await rate()], 0);
  const startedAt = performance.now();
  const purging = purge(gateway.databaseUrl);
  show('hold + settle pairs a second, while old responses are purged', [await rate()], 0);
  const removed = await purging;
  show('responses purged', [removed], 0);
  show('ms for each of them', [(performance.now() - startedAt) / removed], 3);
}

/** @param {pg.Client} client @param {number} receipts */
async function makeFull(client, receipts) {
  const filledMs = await timed(() => fill(client, { receipts, responses: receipts / STORED_SHARE }));
  const summedMs = await timed(() => sumUp(client));
  return [
    `Filling took ${(filledMs / 1000).toFixed(0)} s, summing usage up ${(summedMs / 1000).toFixed(1)} s.`,
  ];
}

/** @param {import('../support/settings.js').Settings} settings @returns {import('../support/part.js').LonePart} */
export function adminPart({ receipts, full }) {
  const title =
    full === undefined
      ? `what operators ask of ${receipts} receipts and ${receipts / STORED_SHARE} responses`
      : `what operators ask of ${full}`;
  return {
    name: 'admin',
    title,
    async runAlone() {
      const gateway = await startGateway({ checkout: HERE, upstream: 'http://127.0.0.1:9', directory: full });
      const client = new pg.Client({ connectionString: gateway.databaseUrl });
      await client.connect();
      /** @type {import('../support/figures.js').Figure[]} */
      const figures = [];
      const show = (
        /** @type {string} */ label,
        /** @type {readonly number[]} */ values,
        /** @type {number} */ digits = 1,
      ) =>
        void figures.push({
          id: `admin.${label}`,
          label,
          table: undefined,
          digits,
          values: { ms: values },
          base: [],
          compared: undefined,
          checked: false,
          busy: [],
        });
      const notes = full === undefined ? await makeFull(client, receipts) : [];
      for (const [label, sql] of STATEMENTS) show(label, await planned(client, sql));
      for (const page of PAGES) show(`GET ${page}`, await times(() => get(gateway, page)));
      await client.end();
      // It is there to be measured again.
      if (full === undefined) await measureRetention(gateway, show);
      await gateway.stop();
      notes.push(...gateway.notes);
      return { section: { title, columns: ['ms'], comparisons: [], figures }, notes, failed: false };
    },
  };
}
