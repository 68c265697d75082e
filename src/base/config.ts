export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  /** Base of every absolute URL, without a trailing slash. */
  readonly publicUrl: string;
}

/** How statements are prepared: `on`: by name; `auto`: by name where a connection is a session of our own. */
export type PreparedStatements = 'auto' | 'on' | 'off';

export interface DatabaseConfig {
  /** Undefined: embedded PostgreSQL below `dataDir`. */
  readonly url: string | undefined;
  /** PostgreSQL itself where `url` is a pooler: the schema is brought up to date there. */
  readonly directUrl: string | undefined;
  readonly preparedStatements: PreparedStatements;
}

export interface StreamingConfig {
  readonly keepAliveMs: number;
  readonly bufferBytes: number;
  readonly stallMs: number;
  /** A stream without a first frame sends its head and a comment after this time. */
  readonly headAfterMs: number;
}

/** A chain on which wallets pay. Addresses are checksummed or in lower case. */
export interface PaymentChainConfig {
  readonly chainId: number;
  readonly rpcUrl: string;
  readonly asset: string;
  /** The token's EIP-712 domain. */
  readonly assetName: string;
  readonly assetVersion: string;
  /** Blocks on top of a transaction's own until it counts, its own included. */
  readonly confirmations: number;
  readonly permit2: string;
  readonly exactProxy: string;
  readonly uptoProxy: string;
}

/** Payments by wallets: x402. */
export interface X402Config {
  readonly payTo: string;
  /** A private key, 0x and 64 digits: signs the transactions of the embedded facilitator. Undefined for a remote one. */
  readonly signerKey: string | undefined;
  /** Base URL of a remote facilitator. Undefined: embedded. */
  readonly facilitatorUrl: string | undefined;
  /** Most that a call asks for whose client names no amount; atomic units. */
  readonly defaultMaxAmount: bigint;
  readonly chains: readonly PaymentChainConfig[];
  /** How long a call waits for the chain before the outcome counts as unknown, milliseconds. */
  readonly settleMs: number;
  /** How long an answer that was not delivered keeps its request from being bought again, milliseconds. */
  readonly repeatMs: number;
  /** Lifetime of a wallet's access token, milliseconds. */
  readonly tokenMs: number;
}

export interface PaymentsConfig {
  /** Platform fee in basis points of the provider amount. */
  readonly feeBps: number;
  readonly defaultChainId: number;
  /** 43113 is always among them. */
  readonly chainIds: readonly number[];
  /** Undefined: wallets cannot pay. */
  readonly x402: X402Config | undefined;
  /** A process's lease, milliseconds. Renewals and sweeps run each third of it. */
  readonly leaseMs: number;
}

export interface VideosConfig {
  /** The longest pause between two polls of an upstream for one video. */
  readonly longestPollMs: number;
  /** How long the upstream may fail without interruption before the video fails. */
  readonly giveUpMs: number;
  /** How long a video may take at the upstream. */
  readonly timeoutMs: number;
}

/** The configuration without the catalog; validated and frozen at start. */
export interface Config {
  readonly listen: ListenConfig;
  /** Processes that serve the port together; 1: this one alone. */
  readonly workers: number;
  readonly database: DatabaseConfig;
  /** Absolute path. */
  readonly dataDir: string;
  /** The value of `DATA_DIR`; differs from `dataDir` if the database could not be kept there. */
  readonly askedDataDir: string;
  readonly adminToken: string;
  /** File in which the admin token was generated or found; undefined when the operator set the token. */
  readonly adminTokenFile: string | undefined;
  /** Ed25519 private key as `parseSigningKey` takes it: given, or generated and kept below `dataDir`. */
  readonly receiptSigningKey: string;
  readonly streaming: StreamingConfig;
  readonly payments: PaymentsConfig;
  /** How long a call waits for other calls of its key to return their holds; 0: not at all. */
  readonly budgetWaitMs: number;
  readonly idempotencyWaitMs: number;
  readonly videos: VideosConfig;
  readonly maxBodyBytes: number;
  /** Bytes that an account may store if it has no limit of its own. */
  readonly maxStoredBytes: number;
  /** Largest frame of a provider's stream, bytes. */
  readonly maxFrameBytes: number;
  /** Bytes of request bodies that may be held at the same time. */
  readonly intake: { readonly perProcess: number; readonly perKey: number };
  readonly shutdownGraceMs: number;
  /** How long a WebSocket accepts messages. */
  readonly socketLifetimeMs: number;
  /** Most open WebSockets of one key in this process. */
  readonly socketsPerKey: number;
  readonly responseRetentionDays: number;
  /** CIDR networks from which client-named images may be fetched although they are not public. */
  readonly imageFetchAllow: readonly string[];
  readonly log: { readonly level: string; readonly pretty: boolean };
  readonly corsOrigins: readonly string[];
  /** The file from which the catalog is loaded and reloaded; undefined when it came from the environment. */
  readonly catalogFile: string | undefined;
}
