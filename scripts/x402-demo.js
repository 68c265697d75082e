// @ts-check
/**
 * `npm run x402:demo`: a buyer with a wallet and no key pays for two calls, on a chain that lives as long as the demo.
 * Everything is real but the money: the gateway, its database, the contracts, the stock client.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { UptoEvmScheme } from '@x402/evm/upto/client';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { privateKeyToAccount } from 'viem/accounts';
import { CONTRACTS, isAvailable, startLocalChain } from './local-chain/local-chain.js';

/** @typedef {import('./local-chain/local-chain.js').LocalChain} LocalChain */
/** @typedef {import('./local-chain/local-chain.js').Wallet} Wallet */

const MOST_MS = 180_000;
const STOP_MS = 10_000;
const PURSE = 1_000_000n;
/** Atomic units for one call; the client refuses to pay more. */
const CAP = '100000';
/** The build that runs, unless another is named. */
const GATEWAY = process.argv[2] ?? fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

/** @param {bigint} amount atomic units */
const usdc = (amount) => `${(Number(amount) / 1e6).toFixed(6)} USDC`;

/** @type {(() => Promise<unknown>)[]} */
const lastActs = [];

/**
 * @param {LocalChain} chain
 * @param {Wallet} seller
 * @returns {Promise<string>} its URL
 */
async function startGateway(chain, seller) {
  const signer = await chain.wallet();
  const directory = await mkdtemp(join(tmpdir(), 'slipstream-x402-demo-'));
  lastActs.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  // The database may run as another user, who has to get in.
  await chmod(directory, 0o755);
  const file = {
    payments: {
      chains: [{ id: chain.chainId, rpc_url: chain.rpcUrl }],
      x402: { enabled: true, pay_to: seller.address, signer_key: '${X402_SIGNER_KEY}' },
    },
  };
  // JSON is YAML, too.
  await writeFile(join(directory, 'gateway.yaml'), JSON.stringify(file));
  const gateway = spawn(process.execPath, ['--enable-source-maps', GATEWAY], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      X402_SIGNER_KEY: signer.privateKey,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      SHUTDOWN_GRACE_MS: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A Ctrl-C is told to it by `end`, once.
    detached: true,
  });
  const ended = once(gateway, 'exit');
  lastActs.push(async () => {
    const killer = setTimeout(() => gateway.kill('SIGKILL'), STOP_MS);
    gateway.kill('SIGTERM');
    await ended;
    clearTimeout(killer);
  });
  for await (const line of createInterface(gateway.stdout)) {
    const [, url] = /^Slipstream is listening on (\S+)$/.exec(line) ?? [];
    if (url === undefined) continue;
    gateway.stdout.resume();
    return url;
  }
  throw new Error('the gateway did not start');
}

/**
 * `fetch` that pays by one scheme, up to a cap.
 * @param {LocalChain} chain
 * @param {Wallet} buyer
 * @param {typeof ExactEvmScheme | typeof UptoEvmScheme} Scheme
 */
function payingFetch({ chainId }, buyer, Scheme) {
  const network = /** @type {const} */ (`eip155:${chainId}`);
  const client = x402Client.fromConfig({
    schemes: [{ network, client: new Scheme(privateKeyToAccount(buyer.privateKey)) }],
    spendControls: { allowedAssets: [{ network, asset: CONTRACTS.usdc, maxAmountPerPayment: CAP }] },
  });
  return wrapFetchWithPayment(fetch, client);
}

/**
 * @param {typeof fetch} pay
 * @param {string} url
 * @param {object} more
 */
async function chat(pay, url, more) {
  const response = await pay(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sandbox/assistant',
      messages: [{ role: 'user', content: 'Hello!' }],
      max_tokens: 1000,
      ...more,
    }),
  });
  if (!response.ok) throw new Error(`the gateway answered ${response.status}: ${await response.text()}`);
  return response;
}

/**
 * @param {LocalChain} chain
 * @param {Record<string, Wallet>} wallets
 */
async function showBalances(chain, wallets) {
  for (const [name, { address }] of Object.entries(wallets))
    say(`  ${name.padEnd(6)} ${address}  ${usdc(await chain.balanceOf(address))}`);
}

/** @param {string} json of a signed receipt */
function showReceipt(json) {
  const receipt = JSON.parse(json);
  const { id, settlementStatus, txHash, lineItems, platformFeeWei, finalAmountWei, signature } = receipt;
  say(`  receipt      ${id}, ${settlementStatus}`);
  say(`  transaction  ${txHash}`);
  for (const { key, quantity, amountWei } of lineItems)
    say(`  ${usdc(BigInt(amountWei)).padStart(13)}  ${key}${key.endsWith('tokens') ? `, ${quantity}` : ''}`);
  say(`  ${usdc(BigInt(platformFeeWei)).padStart(13)}  platform fee`);
  say(`  ${usdc(BigInt(finalAmountWei)).padStart(13)}  in all`);
  say(`  signature    ${signature.slice(0, 40)}…`);
}

async function demo() {
  const chain = await startLocalChain();
  lastActs.push(() => chain.stop());
  const [buyer, seller] = [await chain.wallet(), await chain.wallet()];
  await chain.mint(buyer.address, PURSE);
  await chain.approvePermit2(buyer.privateKey);
  say(`Chain ${chain.chainId} runs on ${chain.rpcUrl}`);
  const url = await startGateway(chain, seller);
  say(`The gateway runs on ${url} and takes payments to the seller\n\nBefore:`);
  await showBalances(chain, { buyer, seller });

  say('\n1. A whole answer, paid by exact: the most that the call can cost moves.');
  const whole = await chat(payingFetch(chain, buyer, ExactEvmScheme), url, {});
  const { transaction } = decodePaymentResponseHeader(whole.headers.get('payment-response') ?? '');
  const { choices } = await whole.json();
  say(`  answer       ${choices[0].message.content}`);
  say(`  PAYMENT-RESPONSE names the transaction ${transaction}`);
  showReceipt(Buffer.from(whole.headers.get('x-compose-receipt') ?? '', 'base64url').toString());

  say('\n2. A stream, paid by upto: what was used moves, and the receipt is an event of the stream.');
  const stream = await chat(payingFetch(chain, buyer, UptoEvmScheme), url, { stream: true });
  const events = await stream.text();
  const words = [...events.matchAll(/"content":"([^"]*)"/g)].map(([, word]) => word);
  say(`  answer       ${words.join('')}`);
  showReceipt(/^event: compose\.receipt\ndata: (.+)$/m.exec(events)?.[1] ?? '');

  say('\nAfter:');
  await showBalances(chain, { buyer, seller });
  const moved = await chain.transfersTo(seller.address);
  say(`\nThe chain has ${moved.length} transfers to the seller:`);
  for (const { hash, value } of moved) say(`  ${hash}  ${usdc(value)}`);
}

/** @type {Promise<void> | undefined} */
let ending;

/** @param {number} status */
function end(status) {
  ending ??= cleanUp().finally(() => process.exit(status));
  return ending;
}

async function cleanUp() {
  for (const act of lastActs.splice(0).reverse()) await act();
}

if (!isAvailable) {
  say(`There is no local chain for ${process.platform} ${process.arch}, or it is not installed.`);
  say(
    'It is the package @foundry-rs/anvil: npm ci --include=dev --include=optional installs it where there is one.',
  );
  say('Without it, follow docs/x402.md with a test network such as Avalanche Fuji.');
  process.exit(1);
}
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => end(130));
setTimeout(() => {
  process.stderr.write(`Broken off after ${MOST_MS / 1000} s.\n`);
  void end(1);
}, MOST_MS).unref();
try {
  await demo();
  await end(0);
} catch (failure) {
  process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
  await end(1);
}
