import type { Chain, HttpTransport, PublicActions, TestClient, TransactionReceipt } from 'viem';

export type Hex = `0x${string}`;

export interface LocalChainOptions {
  /** Fuji's unless given. */
  readonly chainId?: number;
  /** Seconds between blocks; by default each transaction gets a block at once. */
  readonly blockTime?: number;
  /** False: blocks are made by `mine` alone; not together with `blockTime`. */
  readonly automine?: boolean;
}

/** An account that nobody else has. */
export interface Wallet {
  readonly address: Hex;
  readonly privateKey: Hex;
}

/** Amounts are atomic units of the token, of which a dollar has a million. */
export interface LocalChain {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** For everything that is not here, such as reading contracts and dropping transactions. */
  readonly client: TestClient<'anvil', HttpTransport, Chain> & PublicActions<HttpTransport, Chain>;
  /** A fresh account with enough for gas, and without tokens. */
  wallet(): Promise<Wallet>;
  /** Waits for its block, unless blocks are made by `mine` alone. */
  mint(address: Hex, amount: bigint): Promise<void>;
  balanceOf(address: Hex): Promise<bigint>;
  /** Lets Permit2 move the owner's tokens, without a limit unless one is given. Waits as `mint` does. */
  approvePermit2(privateKey: Hex, amount?: bigint): Promise<void>;
  /** All transfers of the token to an address, oldest first; minting comes from the zero address. */
  transfersTo(address: Hex): Promise<{ readonly hash: Hex; readonly from: Hex; readonly value: bigint }[]>;
  /** How many transactions of an account are in blocks. */
  transactionCount(address: Hex): Promise<number>;
  /** Undefined: the transaction is in no block. */
  receipt(hash: Hex): Promise<TransactionReceipt | undefined>;
  /** Waits until a transaction is in a block, for at most 30 s. */
  mined(hash: Hex): Promise<TransactionReceipt>;
  /** Makes blocks, one unless told otherwise; the first takes all waiting transactions. */
  mine(blocks?: number): Promise<void>;
  /** False: from now on blocks are made by `mine` alone. True: each transaction gets a block at once. */
  setAutomine(automine: boolean): Promise<void>;
  /** Moves the chain's clock, and makes a block, so that contracts see the new time. */
  advanceTime(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Where the contracts are. All but the token's are the same on every chain; the token's is that of USDC on Fuji. */
export const CONTRACTS: Readonly<Record<'usdc' | 'permit2' | 'exactProxy' | 'uptoProxy' | 'multicall3', Hex>>;

/** False: there is no binary of the chain for this platform. */
export const isAvailable: boolean;

/** The chain ends with this process, however that ends. @throws Error where it is not available */
export function startLocalChain(options?: LocalChainOptions): Promise<LocalChain>;
