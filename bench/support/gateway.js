// @ts-check
/** Starts a built gateway as an operator would: durable embedded PostgreSQL, one provider, a key of its own. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { onExit, startChild } from './children.js';
import { findPostmaster } from './processes.js';

const START_MS = 60_000;
const STOP_MS = 15_000;
const TMPFS = 0x01021994;

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/**
 * @param {string} upstream its origin
 * @param {object} [payments] the section of that name
 */
function catalog(upstream, payments) {
  const model = (/** @type {string} */ name, contextWindow = 128_000) =>
    [
      `  - id: ${name}`,
      `    targets: [{provider: bench, model: ${name}}]`,
      `    context_window: ${contextWindow}`,
      '    max_output_tokens: 4096',
      '    pricing: {input: 1, output: 2}',
    ].join('\n');
  return [
    'providers:',
    `  - {id: bench, type: openai, base_url: "${upstream}/v1", api_key: bench, max_connections: 256}`,
    'models:',
    ...['instant', 'paced', 'silent'].map((name) => model(name)),
    model('long', 16_000_000),
    ...(payments ? [`payments: ${JSON.stringify(payments)}`] : []),
    '',
  ].join('\n');
}

/**
 * @param {string} url
 * @param {() => string | undefined} ended why the gateway can no longer become ready
 */
async function untilReady(url, ended) {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    const why = ended();
    if (why !== undefined) throw new Error(why);
    const answer = await request(`${url}/health/ready`).catch(() => undefined);
    await answer?.body.dump();
    if (answer?.statusCode === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the gateway was not ready within ${START_MS / 1000} s`);
}

/**
 * It may be ready a moment before it says where its database is.
 * @param {string} log a file
 * @param {RegExp} pattern
 * @returns {Promise<string>} its first group
 */
async function untilLogged(log, pattern) {
  for (const until = Date.now() + START_MS; Date.now() < until;) {
    const [, found] = pattern.exec(readFileSync(log, 'utf8')) ?? [];
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the gateway did not log ${String(pattern)}`);
}

/**
 * @param {string} url
 * @param {string} adminToken
 */
async function createKey(url, adminToken) {
  const answer = await request(`${url}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ account: 'bench', name: 'bench', budget_limit: '1000000000000' }),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 201)
    throw new Error(`POST /admin/keys: ${answer.statusCode} ${text.slice(0, 300)}`);
  return /** @type {{ key: string }} */ (JSON.parse(text)).key;
}

/** @param {string} checkout */
const entryOf = (checkout) => join(checkout, 'dist/main.js');

/** @param {string} checkout a directory */
export const isBuilt = (checkout) => existsSync(entryOf(checkout));

/**
 * @typedef {{ name: 'gateway' | 'beside', checkout: string, upstream: string, surface: 'native' | 'external' }} Options
 * @param {Options & { payments?: object }} options
 * @returns {Promise<{ target: import('./measure.js').MeasuredTarget, databaseUrl: string, databaseLog: string, notes: string[], stop: () => Promise<void> }>}
 */
export async function startGateway({ name, checkout, upstream, surface, payments }) {
  const directory = mkdtempSync(join(tmpdir(), 'slipstream-bench-'));
  // The database may run as another user, who has to get in.
  chmodSync(directory, 0o755);
  onExit(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  writeFileSync(join(directory, 'gateway.yaml'), catalog(upstream, payments));
  const log = join(directory, 'gateway.log');
  const output = openSync(log, 'a');
  const adminToken = randomBytes(32).toString('hex');
  const port = await freePort();
  const gateway = spawn(process.execPath, ['--enable-source-maps', entryOf(checkout)], {
    stdio: ['ignore', output, output],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: join(directory, 'data'),
      GATEWAY_CONFIG: join(directory, 'gateway.yaml'),
      ADMIN_TOKEN: adminToken,
      SHUTDOWN_GRACE_MS: '2000',
    },
  });
  const pid = /** @type {number} */ (gateway.pid);
  const postmaster = () => findPostmaster(pid, join(directory, 'data'));
  const hasEnded = () => gateway.exitCode !== null || gateway.signalCode !== null;
  onExit(() => {
    const database = postmaster();
    gateway.kill('SIGKILL');
    if (database !== undefined) process.kill(database, 'SIGQUIT');
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, () =>
    hasEnded() ? `the gateway ended at its start:\n${readFileSync(log, 'utf8').slice(-3000)}` : undefined,
  );
  const key = await createKey(url, adminToken);
  const databaseUrl = await untilLogged(log, /psql "([^"]+)"/);
  // Of the same checkout: it knows its build.
  const ledger = startChild('ledger', [databaseUrl], checkout);
  await ledger.ask('start');
  const target = {
    name,
    origin: url,
    base: surface === 'native' ? '/v1' : '/external/v1',
    headers: { authorization: `Bearer ${key}` },
    pid,
    postmaster: postmaster(),
    ledger,
    checkout,
  };
  const notes = [
    ...(statfsSync(directory).type === TMPFS
      ? [`${directory} is in memory (tmpfs): commits cost no disk.`]
      : []),
    ...(target.postmaster === undefined ? ['The postmaster was not found: no figures of PostgreSQL.'] : []),
  ];
  const stop = async () => {
    const ended = new Promise((resolve) => gateway.once('exit', resolve));
    if (hasEnded()) return;
    gateway.kill('SIGTERM');
    const impatience = setTimeout(() => gateway.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(impatience);
  };
  return { target, databaseUrl, databaseLog: join(directory, 'data/postgres.log'), notes, stop };
}
