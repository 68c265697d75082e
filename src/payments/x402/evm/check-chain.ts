import { PERMIT2_ADDRESS, x402ExactPermit2ProxyAddress, x402UptoPermit2ProxyAddress } from '@x402/evm';
import { isAddressEqual, parseAbi, type Address } from 'viem';
import type { PaymentChainConfig } from '../../../base/config.js';
import { isRevert, type Rpc } from './rpc.js';

const TOKEN = parseAbi([
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function decimals() view returns (uint8)',
]);
/** USDC's, in which all amounts are. */
const DECIMALS = 6;
/** By which several questions are one, and the library tells why Permit2 would refuse a payment. */
export const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';

/** A chain is not what the configuration says. The text is for the log. */
export class ChainProblem extends Error {}

/** What is wrong with the contracts that each scheme needs for payments by Permit2. */
export type MissingContracts = Readonly<Record<'exact' | 'upto', readonly string[]>>;

/**
 * Compares a chain with its configuration.
 * @throws ChainProblem, or whatever viem throws where the chain cannot be reached
 */
export async function checkChain(rpc: Rpc, chain: PaymentChainConfig): Promise<MissingContracts> {
  const { chainId } = chain;
  const actual = await rpc.getChainId();
  if (actual !== chainId) throw new ChainProblem(`rpc_url leads to chain ${actual}`);
  const [{ baseFeePerGas }, hasAsset] = await Promise.all([
    rpc.getBlock({ blockTag: 'latest' }),
    hasCode(rpc, chain.asset),
  ]);
  if (baseFeePerGas === null)
    throw new ChainProblem('its blocks have no base fee: EIP-1559 is needed for transactions');
  if (!hasAsset) throw new ChainProblem(`there is no contract at usdc, ${chain.asset}`);
  await checkToken(rpc, chain);
  return checkPermit2(rpc, chain);
}

async function checkPermit2(rpc: Rpc, chain: PaymentChainConfig): Promise<MissingContracts> {
  const problem = async (name: string, address: string, known: Address): Promise<readonly string[]> => {
    // Wallets sign for these addresses, wherever other copies are.
    if (!isAddressEqual(address as Address, known)) return [`${name} is not at ${known}`];
    return (await hasCode(rpc, address)) ? [] : [`${name} is missing`];
  };
  const [permit2, multicall3, exactProxy, uptoProxy] = await Promise.all([
    problem('Permit2', chain.permit2, PERMIT2_ADDRESS),
    problem('Multicall3', MULTICALL3, MULTICALL3),
    problem('the exact proxy', chain.exactProxy, x402ExactPermit2ProxyAddress),
    problem('the upto proxy', chain.uptoProxy, x402UptoPermit2ProxyAddress),
  ]);
  return {
    exact: [...permit2, ...multicall3, ...exactProxy],
    upto: [...permit2, ...multicall3, ...uptoProxy],
  };
}

async function checkToken(rpc: Rpc, chain: PaymentChainConfig): Promise<void> {
  const token = { address: chain.asset as Address, abi: TOKEN } as const;
  const [name, version, decimals] = await Promise.all([
    rpc.readContract({ ...token, functionName: 'name' }),
    rpc.readContract({ ...token, functionName: 'version' }),
    rpc.readContract({ ...token, functionName: 'decimals' }),
  ]).catch((thrown: unknown) => {
    if (!isRevert(thrown)) throw thrown;
    throw new ChainProblem(`usdc, ${chain.asset}, has no name, version or decimals`);
  });
  if (name !== chain.assetName) throw differs('usdc_name', name, chain.assetName);
  if (version !== chain.assetVersion) throw differs('usdc_version', version, chain.assetVersion);
  if (decimals !== DECIMALS) throw new ChainProblem(`usdc has ${decimals} decimals, not ${DECIMALS}`);
}

function differs(field: string, actual: string, configured: string): ChainProblem {
  return new ChainProblem(`${field} is ${JSON.stringify(actual)} there, not ${JSON.stringify(configured)}`);
}

async function hasCode(rpc: Rpc, address: string): Promise<boolean> {
  const code = await rpc.getCode({ address: address as Address });
  return code !== undefined && code !== '0x';
}
