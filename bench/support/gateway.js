// @ts-check
/** Starts a built gateway as an operator would: durable embedded PostgreSQL, one provider, a key of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
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
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { plainCatalog } from './catalog.js';
import { onExit, startChild } from './children.js';
import { findPostmaster, memoryOf } from './processes.js';

const START_MS = 60_000;
const STOP_MS = 15_000;
const KILL_MS = 5_000;
/** So precise is the time of a start. */
const POLL_MS = 5;
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
    await delay(POLL_MS);
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
    await delay(POLL_MS);
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
 * One gateway with a directory of its own, which may be started more than once.
 */
export class Gateway {
  adminToken = randomBytes(32).toString('hex');
  /** Whether V8 has compiled what calls use most. */
  isWarm = false;
  url = '';
  /** Of a key with a budget that does not run out. */
  /** @type {Record<string, string>} */
  headers = {};
  /** Pss in megabytes before anybody has called. */
  idleMemory = NaN;
  databaseUrl = '';
  /** @type {number | undefined} */
  postmaster;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  process;
  /** @type {ReturnType<typeof startChild> | undefined} */
  #ledger;

  /**
   * @param {string} checkout whose build it is
   * @param {string} catalog its gateway file
   * @param {{ environment?: Record<string, string> | undefined, directory?: string | undefined }} [own] beside what every
   *   one needs; a directory of its own is kept, any other is removed
   */
  constructor(checkout, catalog, { environment = {}, directory } = {}) {
    this.checkout = checkout;
    this.environment = environment;
    this.directory = directory ?? mkdtempSync(join(tmpdir(), 'slipstream-bench-'));
    mkdirSync(this.directory, { recursive: true });
    // The database may run as another user, who has to get in.
    chmodSync(this.directory, 0o755);
    if (directory === undefined)
      onExit(() => rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    onExit(() => this.kill());
    writeFileSync(join(this.directory, 'gateway.yaml'), catalog);
  }

  get pid() {
    return /** @type {number} */ (this.process?.pid);
  }

  get ledgerPid() {
    return this.#ledger?.pid;
  }

  /** Of its last start. */
  get log() {
    return join(this.directory, 'gateway.log');
  }

  get databaseLog() {
    return join(this.directory, 'data/postgres.log');
  }

  get notes() {
    return [
      ...(statfsSync(this.directory).type === TMPFS
        ? [`${this.directory} is in memory (tmpfs): commits cost no disk.`]
        : []),
      ...(this.postmaster === undefined ? ['The postmaster was not found: no figures of PostgreSQL.'] : []),
    ];
  }

  /**
   * @returns {Promise<number>} milliseconds from the start of `node` to readiness
   */
  async start() {
    const { directory, log } = this;
    const output = openSync(log, 'w');
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const startedMs = performance.now();
    const child = spawn(process.execPath, ['--enable-source-maps', entryOf(this.checkout)], {
      stdio: ['ignore', output, output],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: String(port),
        DATA_DIR: join(directory, 'data'),
        GATEWAY_CONFIG: join(directory, 'gateway.yaml'),
        ADMIN_TOKEN: this.adminToken,
        SHUTDOWN_GRACE_MS: '2000',
        ...this.environment,
      },
    });
    closeSync(output);
    this.process = child;
    await untilReady(this.url, () =>
      hasEnded(child)
        ? `the gateway ended at its start:\n${readFileSync(log, 'utf8').slice(-3000)}`
        : undefined,
    );
    const readyMs = performance.now() - startedMs;
    this.postmaster = findPostmaster(this.pid, join(directory, 'data'));
    return readyMs;
  }

  /** Of the same checkout: it knows its build. */
  async ledger() {
    if (this.#ledger === undefined) {
      this.#ledger = startChild('ledger', [this.databaseUrl], this.checkout);
      await this.#ledger.ask('start');
    }
    return this.#ledger;
  }

  /** As an operator would. */
  async stop() {
    const child = this.process;
    if (child === undefined || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(impatience);
  }

  /** Its database lives on. */
  async crash() {
    const child = /** @type {import('node:child_process').ChildProcess} */ (this.process);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** With its database, at once. */
  kill() {
    if (this.process === undefined) return;
    const database = findPostmaster(this.pid, join(this.directory, 'data'));
    this.process.kill('SIGKILL');
    if (database === undefined) return;
    process.kill(database, 'SIGQUIT');
    // Until it writes no more, its directory cannot be removed. Nothing asynchronous happens in a process that ends.
    for (const until = Date.now() + KILL_MS; existsSync(`/proc/${database}`) && Date.now() < until;)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
}

/** @param {import('node:child_process').ChildProcess} child */
const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null;

/**
 * A gateway with a key, that nobody has called yet.
 * @param {{ checkout: string, upstream: string, catalog?: string, payments?: object, idleMs?: number, environment?: Record<string, string>, directory?: string }} options `idleMs`: before its memory is read
 */
export async function startGateway({ checkout, upstream, payments, catalog, idleMs = 0, ...own }) {
  const gateway = new Gateway(checkout, catalog ?? plainCatalog(upstream, payments), own);
  await gateway.start();
  gateway.databaseUrl = await untilLogged(gateway.log, /psql "([^"]+)"/);
  gateway.headers = { authorization: `Bearer ${await createKey(gateway.url, gateway.adminToken)}` };
  await delay(idleMs);
  gateway.idleMemory = memoryOf(gateway.pid);
  return gateway;
}
