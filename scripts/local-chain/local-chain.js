// @ts-check
/** A chain of one's own, with the contracts that payments by wallets need at their usual addresses. */
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

const FUJI = 43113;
const POLL_MS = 20;

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

const usdcAbi = parseAbi([
  'function mint(address to, uint256 value)',
  'function approve(address spender, uint256 value) returns (bool)',
  'function balanceOf(address account) view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);

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
  const blocks = blocksOf(client, automine);
  const wallets = walletsOf(client);
  const token = await tokenOf(client, wallets, blocks);
  return { rpcUrl, chainId, client, ...wallets, ...token, ...blocks, stop };
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

/** @param {ReturnType<typeof clientOf>} client */
function walletsOf(client) {
  return {
    async wallet() {
      const privateKey = generatePrivateKey();
      const { address } = privateKeyToAccount(privateKey);
      await client.setBalance({ address, value: parseEther('1000') });
      return { address, privateKey };
    },
    /** @param {`0x${string}`} address */
    transactionCount: (address) => client.getTransactionCount({ address }),
    /** @param {`0x${string}`} hash */
    receipt: (hash) =>
      client.getTransactionReceipt({ hash }).catch((error) => {
        if (error instanceof TransactionReceiptNotFoundError) return undefined;
        throw error;
      }),
  };
}

/**
 * @param {ReturnType<typeof clientOf>} client
 * @param {ReturnType<typeof walletsOf>} wallets
 * @param {ReturnType<typeof blocksOf>} blocks
 */
async function tokenOf(client, wallets, blocks) {
  const token = { address: CONTRACTS.usdc, abi: usdcAbi };
  const { privateKey } = await wallets.wallet();
  const minter = privateKeyToAccount(privateKey, { nonceManager });
  const mined = async (/** @type {Promise<`0x${string}`>} */ sent) => {
    const hash = await sent;
    if (blocks.areManual()) return;
    const { status } = await client.waitForTransactionReceipt({ hash });
    if (status !== 'success') throw new Error('The transaction was reverted.');
  };
  return {
    /**
     * @param {`0x${string}`} address
     * @param {bigint} amount
     */
    mint: (address, amount) =>
      mined(
        client.writeContract({ ...token, functionName: 'mint', args: [address, amount], account: minter }),
      ),
    /** @param {`0x${string}`} address */
    balanceOf: (address) => client.readContract({ ...token, functionName: 'balanceOf', args: [address] }),
    /** @param {`0x${string}`} owner */
    approvePermit2: (owner, amount = maxUint256) =>
      mined(
        client.writeContract({
          ...token,
          functionName: 'approve',
          args: [CONTRACTS.permit2, amount],
          account: privateKeyToAccount(owner),
        }),
      ),
    /** @param {`0x${string}`} to */
    async transfersTo(to) {
      const logs = await client.getContractEvents({
        ...token,
        eventName: 'Transfer',
        args: { to },
        fromBlock: 0n,
        strict: true,
      });
      return logs.map(({ transactionHash, args: { from, value } }) => ({
        hash: transactionHash,
        from,
        value,
      }));
    },
  };
}

/**
 * @param {ReturnType<typeof clientOf>} client
 * @param {boolean} automine
 */
function blocksOf(client, automine) {
  let automatic = automine;
  return {
    areManual: () => !automatic,
    mine: (blocks = 1) => client.mine({ blocks }),
    /** @param {boolean} wanted */
    async setAutomine(wanted) {
      await client.setAutomine(wanted);
      automatic = wanted;
    },
    /** @param {number} seconds */
    async advanceTime(seconds) {
      await client.increaseTime({ seconds });
      await client.mine({ blocks: 1 });
    },
  };
}
