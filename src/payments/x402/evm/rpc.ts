import {
  BaseError,
  createPublicClient,
  defineChain,
  ExecutionRevertedError,
  http,
  type PublicClient,
} from 'viem';
import type { PaymentChainConfig } from '../../../base/config.js';
import { GatewayError } from '../../../base/errors/gateway-error.js';

export type Rpc = PublicClient;

/** One answer of a node, milliseconds. */
const TIMEOUT_MS = 5_000;
/** After a failure that may pass, such as a connection that broke. */
const RETRIES = 1;
const RETRY_DELAY_MS = 100;
/** Until a client may ask again for a chain that is away. */
const RETRY_AFTER_SECONDS = 5;

export function openRpc({ chainId, rpcUrl }: PaymentChainConfig): Rpc {
  const network = networkOf(chainId);
  return createPublicClient({
    chain: defineChain({
      id: chainId,
      name: network,
      nativeCurrency: { name: 'Native', symbol: 'NATIVE', decimals: 18 },
      rpcUrls: { default: { http: [rpcUrl] } },
    }),
    transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: RETRIES, retryDelay: RETRY_DELAY_MS }),
    // Block numbers decide whether a transaction counts, so none is remembered.
    cacheTime: 0,
  });
}

export function networkOf(chainId: number): `eip155:${number}` {
  return `eip155:${chainId}`;
}

/** Whether the chain has refused a call. Everything else that is thrown says nothing about the chain. */
export function isRevert(thrown: unknown): boolean {
  return (
    thrown instanceof BaseError && thrown.walk((cause) => cause instanceof ExecutionRevertedError) !== null
  );
}

/** What the log may have of a failure: never its address, since it may hold a secret, and no text of the node. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof BaseError)) return thrown instanceof Error ? thrown.name : typeof thrown;
  const cause = thrown.walk();
  const status = 'status' in cause && typeof cause.status === 'number' ? ` ${cause.status}` : '';
  const code = 'code' in cause && typeof cause.code === 'number' ? ` ${cause.code}` : '';
  return `${thrown.name} (${cause.name}${status}${code})`;
}

export function chainAway(chainId: number, thrown: unknown): GatewayError {
  return new GatewayError('service_unavailable', `Chain ${chainId} cannot be reached at the moment.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: new Error(`${networkOf(chainId)}: ${describe(thrown)}`),
  });
}
