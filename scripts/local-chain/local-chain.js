// @ts-check
/** A chain of one's own, with the contracts that payments by wallets need at their usual addresses. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTestClient,
  defineChain,
  http,
  maxUint256,
  parseAbi,
  parseEther,
  publicActions,
  TransactionReceiptNotFoundError,
  walletActions,
} from 'viem';
import { generatePrivateKey, nonceManager, privateKeyToAccount } from 'viem/accounts';
import { anvilBinary, startAnvil } from './anvil.js';
import { bytecodes } from './bytecodes.js';

/** @typedef {import('./local-chain.js').Hex} Hex */
/** @typedef {import('./local-chain.js').LocalChain} LocalChain */

const FUJI = 43113;
const POLL_MS = 20;
const MINED_TIMEOUT_MS = 30_000;
const GAS_MONEY = parseEther('1000');

/** @type {import('./local-chain.js').CONTRACTS} */
export const CONTRACTS = {
  usdc: '0x5425890298aed601595a70AB815c96711a31Bc65',
  permit2: '0x000000000022D473030F116dDEE9F6B43aC78BA3',
  exactProxy: '0x402085c248EeA27D92E8b30b2C58ed07f9E20001',
  uptoProxy: '0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002',
  multicall3: '0xcA11bde05977b3631167028862bE2a173976CA11',
};

const SOURCES = {
  UsdCoin: CONTRACTS.usdc,
  Permit2: CONTRACTS.permit2,
  ExactPermit2Proxy: CONTRACTS.exactProxy,
  UptoPermit2Proxy: CONTRACTS.uptoProxy,
  Multicall3: CONTRACTS.multicall3,
};

const USDC_ABI = parseAbi([
  'function mint(address to, uint256 value)',
  'function approve(address spender, uint256 value) returns (bool)',
  'function balanceOf(address account) view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);

const USDC = { address: CONTRACTS.usdc, abi: USDC_ABI };

const binary = anvilBinary();

export const isAvailable = binary !== undefined;

/** @type {import('./local-chain.js').startLocalChain} */
export async function startLocalChain({ chainId = FUJI, blockTime, automine = true } = {}) {
  if (binary === undefined)
    throw new Error(`There is no anvil for ${process.platform} ${process.arch}, or it is not installed.`);
  const codes = await bytecodes();
  const { rpcUrl, stop } = await startAnvil(binary, [
    ...['--chain-id', String(chainId)],
    ...(blockTime === undefined ? [] : ['--block-time', String(blockTime)]),
    ...(automine ? [] : ['--no-mining']),
  ]);
  const client = clientOf(rpcUrl, chainId);
  for (const [name, address] of Object.entries(SOURCES)) {
    // To call what creates a contract gives its code, without a transaction.
    const { data } = await client.call({ data: codes[name] });
    await client.setCode({ address, bytecode: data ?? '0x' });
  }
  const minter = privateKeyToAccount(generatePrivateKey(), { nonceManager });
  await client.setBalance({ address: minter.address, value: GAS_MONEY });
  return new Chain(client, stop, minter, automine);
}

/**
 * @param {string} rpcUrl
 * @param {number} chainId
 */
function clientOf(rpcUrl, chainId) {
  const chain = defineChain({
    id: chainId,
    name: 'local',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  });
  return createTestClient({ mode: 'anvil', chain, transport: http(rpcUrl), pollingInterval: POLL_MS })
    .extend(publicActions)
    .extend(walletActions);
}

/** @implements {LocalChain} */
class Chain {
  #minter;
  /** Whether blocks are made without `mine`. */
  #automatic;

  /**
   * @param {ReturnType<typeof clientOf>} client
   * @param {() => Promise<void>} stop
   * @param {import('viem').PrivateKeyAccount} minter
   * @param {boolean} automatic
   */
  constructor(client, stop, minter, automatic) {
    this.client = client;
    this.stop = stop;
    this.#minter = minter;
    this.#automatic = automatic;
  }

  get rpcUrl() {
    return this.client.chain.rpcUrls.default.http[0] ?? '';
  }

  get chainId() {
    return this.client.chain.id;
  }

  async wallet() {
    const privateKey = generatePrivateKey();
    const { address } = privateKeyToAccount(privateKey);
    await this.client.setBalance({ address, value: GAS_MONEY });
    return { address, privateKey };
  }

  /** @type {LocalChain['mint']} */
  async mint(address, amount) {
    const account = this.#minter;
    const args = /** @type {const} */ ([address, amount]);
    await this.#minedUnlessByHand(
      this.client.writeContract({ ...USDC, functionName: 'mint', args, account }),
    );
  }

  /** @param {Hex} address */
  balanceOf(address) {
    return this.client.readContract({ ...USDC, functionName: 'balanceOf', args: [address] });
  }

  /** @param {Hex} privateKey */
  async approvePermit2(privateKey, amount = maxUint256) {
    const account = privateKeyToAccount(privateKey);
    const args = /** @type {const} */ ([CONTRACTS.permit2, amount]);
    await this.#minedUnlessByHand(
      this.client.writeContract({ ...USDC, functionName: 'approve', args, account }),
    );
  }

  /** @param {Hex} to */
  async transfersTo(to) {
    const query = /** @type {const} */ ({ eventName: 'Transfer', fromBlock: 0n, strict: true });
    const logs = await this.client.getContractEvents({ ...USDC, ...query, args: { to } });
    return logs.map(({ transactionHash, args: { from, value } }) => ({ hash: transactionHash, from, value }));
  }

  /** @param {Hex} address */
  transactionCount(address) {
    return this.client.getTransactionCount({ address });
  }

  /** @param {Hex} hash */
  async receipt(hash) {
    try {
      return await this.client.getTransactionReceipt({ hash });
    } catch (error) {
      if (error instanceof TransactionReceiptNotFoundError) return undefined;
      throw error;
    }
  }

  mine(blocks = 1) {
    return this.client.mine({ blocks });
  }

  /** @param {boolean} automine */
  async setAutomine(automine) {
    await this.client.setAutomine(automine);
    this.#automatic = automine;
  }

  /** @param {number} seconds */
  async advanceTime(seconds) {
    await this.client.increaseTime({ seconds });
    await this.mine();
  }

  /**
   * viem's own wait looks only when a block has come. anvil tells of a block a moment before it has the receipts, and
   * the next block comes with the next transaction: who waits for the last one may wait for ever.
   * @type {LocalChain['mined']}
   */
  async mined(hash) {
    const deadline = Date.now() + MINED_TIMEOUT_MS;
    for (;;) {
      const receipt = await this.receipt(hash);
      if (receipt) return receipt;
      if (Date.now() > deadline) throw new Error(`The transaction ${hash} was not mined.`);
      await sleep(POLL_MS);
    }
  }

  /** @param {Promise<Hex>} sent */
  async #minedUnlessByHand(sent) {
    const hash = await sent;
    if (!this.#automatic) return;
    const { status } = await this.mined(hash);
    if (status !== 'success') throw new Error(`The transaction ${hash} was reverted.`);
  }
}
