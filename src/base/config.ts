export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  /** Base of every absolute URL, without a trailing slash. */
  readonly publicUrl: string;
}

export interface DatabaseConfig {
  /** Undefined: embedded PostgreSQL below `dataDir`. */
  readonly url: string | undefined;
}

export interface StreamingConfig {
  readonly keepAliveMs: number;
  readonly bufferBytes: number;
  readonly stallMs: number;
  /** A stream's head and a comment go out after this long without a first frame. */
  readonly headAfterMs: number;
}

export interface PaymentsConfig {
  /** Platform fee in basis points of the provider amount. */
  readonly feeBps: number;
  readonly defaultChainId: number;
  /** 43113 is always among them. */
  readonly chainIds: readonly number[];
  /** A process's lease; renewed each third of it, swept each third of it. */
  readonly leaseMs: number;
}

export interface VideosConfig {
  /** The longest pause between two polls of an upstream for one video. */
  readonly longestPollMs: number;
  /** How long the upstream may fail without interruption before the video does. */
  readonly giveUpMs: number;
  /** How long a video may take at its upstream. */
  readonly timeoutMs: number;
}

/** What the gateway was told, the catalog aside; validated and frozen at start. */
export interface Config {
  readonly listen: ListenConfig;
  readonly database: DatabaseConfig;
  /** Absolute. */
  readonly dataDir: string;
  /** What `DATA_DIR` says; not `dataDir` where the database could not be kept there. */
  readonly askedDataDir: string;
  readonly adminToken: string;
  /** Where the admin token was generated or found; undefined when it was given. */
  readonly adminTokenFile: string | undefined;
  /** Ed25519 private key as `parseSigningKey` takes it: given, or generated and kept below `dataDir`. */
  readonly receiptSigningKey: string;
  readonly streaming: StreamingConfig;
  readonly payments: PaymentsConfig;
  /** How long a call waits for the holds of other calls of its key to come back; 0: not at all. */
  readonly budgetWaitMs: number;
  readonly videos: VideosConfig;
  readonly maxBodyBytes: number;
  /** Bytes that an account may store when none of its own are set. */
  readonly maxStoredBytes: number;
  /** Of one frame of a provider's stream. */
  readonly maxFrameBytes: number;
  /** Bytes of request bodies that may be held at a time. */
  readonly intake: { readonly perProcess: number; readonly perKey: number };
  readonly shutdownGraceMs: number;
  /** How long a WebSocket takes messages. */
  readonly socketLifetimeMs: number;
  /** WebSockets of one key that may be open in this process. */
  readonly socketsPerKey: number;
  readonly responseRetentionDays: number;
  /** CIDR networks that the fetch of client-named images may reach although they are not public. */
  readonly imageFetchAllow: readonly string[];
  readonly log: { readonly level: string; readonly pretty: boolean };
  readonly corsOrigins: readonly string[];
  /** The file that the catalog came from and is reloaded from; undefined when it came from the environment. */
  readonly catalogFile: string | undefined;
}
