// @ts-check
/**
 * Calls that wallets pay for: a local chain, an RPC that counts what it is asked, a gateway, an upstream, and buyers with
 * the stock client. What buyers and chain cost is in nobody's figures.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import pg from 'pg';
import { privateKeyToAccount } from 'viem/accounts';
import { startLocalChain } from '../../scripts/local-chain/local-chain.js';
import { answersOn } from '../support/answers.js';
import { listen, serveParent } from '../support/child-side.js';
import { microseconds } from '../support/clock.js';
import { Failures } from '../support/failures.js';
import { startGateway } from '../support/gateway.js';
import { cpuOf, cpuOfPostgres } from '../support/processes.js';
import { summary } from '../support/statistics.js';

/** @typedef {{ cpu: number, postgresCpu: number, statements: number, questions: number, latency: number }} Cost */
/** @typedef {(body: string) => Promise<Response>} Send */

const PURSE = 1_000_000_000_000n;
const IDLE_MS = 2_000;
const MOST_TOKENS = 200;

const chain = await startLocalChain();
let questions = 0;

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function passOn(request, response) {
  questions += 1;
  const body = new Uint8Array(await buffer(request));
  const answer = await fetch(chain.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
}
const rpcUrl = await listen(createServer((request, response) => void passOn(request, response)));

const upstream = await listen(
  createServer((request, response) => {
    request.resume().on('end', () => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(answersOn('/chat/completions')?.dialect.whole);
    });
  }),
);

const [seller, signer] = [await chain.wallet(), await chain.wallet()];
const gateway = await startGateway({
  checkout: process.argv[2] ?? '',
  upstream,
  payments: {
    chains: [{ id: chain.chainId, rpc_url: rpcUrl }],
    x402: { enabled: true, pay_to: seller.address, signer_key: signer.privateKey },
  },
});
const database = new pg.Client(gateway.databaseUrl);
await database.connect();

/**
 * @param {typeof fetch} fetchOf
 * @param {Record<string, string>} [headers]
 * @returns {Send}
 */
const sendBy =
  (fetchOf, headers = {}) =>
  (body) =>
    fetchOf(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

/**
 * @param {typeof ExactEvmScheme | typeof UptoEvmScheme} Scheme
 * @returns {Promise<Send>} of a wallet of its own
 */
async function buyer(Scheme) {
  const wallet = await chain.wallet();
  await chain.mint(wallet.address, PURSE);
  await chain.approvePermit2(wallet.privateKey);
  const network = /** @type {const} */ (`eip155:${chain.chainId}`);
  const client = new Scheme(privateKeyToAccount(wallet.privateKey));
  return sendBy(
    wrapFetchWithPayment(
      fetch,
      x402Client.fromConfig({ schemes: [{ network, client }], spendControls: false }),
    ),
  );
}

const failures = new Failures();
let sent = 0;

/** @param {Send} send */
async function call(send) {
  sent += 1;
  // No two alike: the same request of a wallet is the same purchase until it was delivered.
  const messages = [{ role: 'user', content: `call ${sent}: ${'word '.repeat(160)}` }];
  const response = await send(JSON.stringify({ model: 'instant', max_tokens: MOST_TOKENS, messages }));
  const text = await response.text();
  if (response.status !== 200) failures.add(`${response.status}: ${text.slice(0, 300)}`);
  return response.status === 200;
}

function sample() {
  return {
    at: microseconds(),
    cpu: cpuOf(gateway.pid),
    postgresCpu: gateway.postmaster === undefined ? NaN : cpuOfPostgres(gateway.postmaster),
    statements: readFileSync(gateway.databaseLog, 'utf8').match(/LOG: +(?:execute|statement)/g)?.length ?? 0,
    questions,
  };
}

/** @typedef {ReturnType<typeof sample>} Sample */

/** @param {() => Promise<void>} work */
async function measured(work) {
  const before = sample();
  await work();
  const after = sample();
  const spent = (/** @type {keyof Sample} */ what) => after[what] - before[what];
  return {
    at: spent('at'),
    cpu: spent('cpu'),
    postgresCpu: spent('postgresCpu'),
    statements: spent('statements'),
    questions: spent('questions'),
  };
}

/**
 * Calls one after the other; what the gateway does by itself meanwhile is taken off.
 * @param {Send} send
 * @param {number} calls
 * @param {Sample} idle
 * @returns {Promise<Cost>}
 */
async function oneByOne(send, calls, idle) {
  /** @type {number[]} */
  const latencies = [];
  const spent = await measured(async () => {
    for (let index = 0; index < calls; index += 1) {
      const startedAt = microseconds();
      await call(send);
      latencies.push(microseconds() - startedAt);
    }
  });
  const perCall = (/** @type {keyof Sample} */ what) =>
    (spent[what] - (idle[what] * spent.at) / idle.at) / calls;
  return {
    cpu: perCall('cpu'),
    postgresCpu: perCall('postgresCpu'),
    statements: perCall('statements'),
    questions: perCall('questions'),
    latency: summary(latencies).p50,
  };
}

/**
 * @param {Record<string, Send>} kinds
 * @param {number} calls of each
 */
async function byKind(kinds, calls) {
  const idle = await measured(() => delay(IDLE_MS));
  /** @type {Record<string, Cost>} */
  const costs = {};
  for (const [kind, send] of Object.entries(kinds)) costs[kind] = await oneByOne(send, calls, idle);
  return costs;
}

/** To be counted in the log, which costs PostgreSQL some time. @param {boolean} on */
async function logStatements(on) {
  await database.query(`ALTER SYSTEM SET log_statement = '${on ? 'all' : 'none'}'`);
  await database.query('SELECT pg_reload_conf()');
}

serveParent({
  async pay(/** @type {{ calls: number, durationMs: number, concurrency: number }} */ order) {
    const key = sendBy(fetch, gateway.headers);
    const exact = await buyer(ExactEvmScheme);
    const upto = await buyer(UptoEvmScheme);
    for (const send of [key, exact, upto])
      for (let index = 0; index < order.calls; index += 1) await call(send);
    const kinds = await byKind({ key, exact, upto }, order.calls);
    await logStatements(true);
    const counted = await byKind({ key, exact, upto }, Math.ceil(order.calls / 2));
    await logStatements(false);
    for (const [kind, cost] of Object.entries(kinds)) cost.statements = counted[kind]?.statements ?? NaN;
    const buyers = await Promise.all(Array.from({ length: order.concurrency }, () => buyer(UptoEvmScheme)));
    const startedAt = microseconds();
    let payments = 0;
    await Promise.all(
      buyers.map(async (send) => {
        while (microseconds() - startedAt < order.durationMs * 1000) if (await call(send)) payments += 1;
      }),
    );
    return { kinds, payments, elapsedMicroseconds: microseconds() - startedAt, failures };
  },
});
