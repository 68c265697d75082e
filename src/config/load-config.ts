import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { getHeapStatistics } from 'node:v8';
import type { DatabaseConfig, PaymentsConfig, X402Config } from '../base/config.js';
import type { CatalogSnapshot } from '../catalog/catalog.js';
import type { LoadedConfig } from './config.js';
import { ConfigurationError } from '../base/errors/configuration-error.js';
import { deepFreeze } from './deep-freeze.js';
import { catalogueFromKeys } from './default-catalogue.js';
import type { Dialects } from '../catalog/dialect.js';
import type { EnvironmentVariables } from './environment/environment-variables.js';
import { readProxies } from './environment/proxies.js';
import { readEnvironment } from './environment/read-environment.js';
import { listEntries, trimSlashes } from './environment/rules.js';
import { workerCount } from './environment/worker-count.js';
import { errorMessage } from './file-errors.js';
import { DEFAULT_PAYMENTS, type FilePayments } from './gateway-file/payments.js';
import { readGatewayFile, type GatewayFile } from './gateway-file/read-gateway-file.js';
import { SANDBOX_CATALOGUE } from './sandbox-catalogue.js';
import { loadOrCreateSecret } from './secrets.js';
import { newSigningKey, parseSigningKey } from '../base/signing-key.js';

const DEFAULT_FILE = 'gateway.yaml';

/** Chooses where a gateway with a database of its own keeps its data, given the data directory. */
export type DataHome = (dataDir: string) => string;

/**
 * Reads all settings from the environment and the gateway file, whose providers may speak `dialects`. Relative paths
 * start at `workingDirectory`. Makes the admin token and the key that signs receipts when none is given and none is
 * stored yet.
 * @throws ConfigurationError with every problem of both.
 */
export function loadConfig(
  dialects: Dialects,
  environment: NodeJS.ProcessEnv = process.env,
  workingDirectory: string = process.cwd(),
  dataHome: DataHome = (dataDir) => dataDir,
): LoadedConfig {
  const { variables, catalogFile, read } = readEverything(dialects, environment, workingDirectory);
  const askedDataDir = resolve(workingDirectory, variables.DATA_DIR);
  const dataDir = homeOf(variables, askedDataDir, dataHome);
  return deepFreeze({
    ...fromVariables(variables),
    askedDataDir,
    ...adminToken(variables, dataDir),
    receiptSigningKey: receiptSigningKey(variables, dataDir),
    dataDir,
    payments: withTimes(read.payments, variables),
    catalogFile,
    readCatalogFile: (path: string) => {
      const { catalog, payments } = readGatewayFile(path, dialects, environment);
      return { catalog, payments: withTimes(payments, variables) };
    },
    catalog: read.catalog,
  });
}

/** The payment settings of the file, with the times that the environment gives. */
function withTimes({ x402, ...payments }: FilePayments, variables: EnvironmentVariables): PaymentsConfig {
  const { X402_SETTLE_MS: settleMs, X402_REPEAT_MS: repeatMs, X402_TOKEN_MS: tokenMs } = variables;
  return {
    ...payments,
    leaseMs: variables.LEASE_MS,
    x402: x402 && { ...x402, settleMs, repeatMs, tokenMs },
  };
}

/** The settings of a command that works beside the gateway. */
export type CommandConfig = Pick<
  LoadedConfig,
  'database' | 'dataDir' | 'responseRetentionDays' | 'catalog'
> & {
  readonly chainIds: readonly number[];
  readonly x402: X402Config | undefined;
};

/**
 * The same for a command. It serves nothing, so it makes no secret.
 * @throws ConfigurationError with every problem of both.
 */
export function loadCommandConfig(
  dialects: Dialects,
  environment: NodeJS.ProcessEnv = process.env,
  workingDirectory: string = process.cwd(),
  dataHome: DataHome = (dataDir) => dataDir,
): CommandConfig {
  const { variables, read } = readEverything(dialects, environment, workingDirectory);
  return {
    database: databaseOf(variables),
    dataDir: homeOf(variables, resolve(workingDirectory, variables.DATA_DIR), dataHome),
    responseRetentionDays: variables.RESPONSE_RETENTION_DAYS,
    catalog: read.catalog,
    chainIds: read.payments.chainIds,
    x402: withTimes(read.payments, variables).x402,
  };
}

function databaseOf(variables: EnvironmentVariables): DatabaseConfig {
  const {
    DATABASE_URL: url,
    DATABASE_DIRECT_URL: directUrl,
    PREPARED_STATEMENTS: preparedStatements,
  } = variables;
  return { url, directUrl, preparedStatements };
}

/** With a database elsewhere only a few small secrets are stored, and any directory will do for them. */
function homeOf({ DATABASE_URL: url }: EnvironmentVariables, dataDir: string, dataHome: DataHome): string {
  return url === undefined ? dataHome(dataDir) : dataDir;
}

interface Reading {
  readonly variables: EnvironmentVariables;
  readonly catalogFile: string | undefined;
  readonly read: GatewayFile;
}

function readEverything(
  dialects: Dialects,
  environment: NodeJS.ProcessEnv,
  workingDirectory: string,
): Reading {
  const { variables, problems } = readEnvironment(environment);
  const catalogFile = findGatewayFile(variables, workingDirectory);
  const read = readSettings(dialects, catalogFile, variables, environment);
  const allProblems = read instanceof ConfigurationError ? [...problems, ...read.problems] : problems;
  if (read instanceof ConfigurationError || allProblems.length > 0) throw new ConfigurationError(allProblems);
  return { variables, catalogFile, read };
}

/** The default base of absolute URLs. A gateway that listens on every address listens on localhost, too. */
function defaultPublicUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function fromVariables(
  variables: EnvironmentVariables,
): Omit<
  LoadedConfig,
  | 'adminToken'
  | 'adminTokenFile'
  | 'receiptSigningKey'
  | 'dataDir'
  | 'askedDataDir'
  | 'payments'
  | 'catalogFile'
  | 'readCatalogFile'
  | 'catalog'
> {
  const { HOST: host, PORT: port, LOG_LEVEL: level } = variables;
  return {
    listen: { host, port, publicUrl: trimSlashes(variables.PUBLIC_URL ?? defaultPublicUrl(host, port)) },
    workers: workerCount(variables.WORKERS),
    database: databaseOf(variables),
    streaming: {
      keepAliveMs: variables.KEEP_ALIVE_MS,
      bufferBytes: variables.STREAM_BUFFER_BYTES,
      stallMs: variables.STREAM_STALL_MS,
      headAfterMs: variables.STREAM_HEAD_MS,
    },
    videos: {
      longestPollMs: variables.VIDEO_POLL_MS,
      giveUpMs: variables.VIDEO_GIVE_UP_MS,
      timeoutMs: variables.VIDEO_TIMEOUT_MS,
    },
    budgetWaitMs: variables.BUDGET_WAIT_MS,
    idempotencyWaitMs: variables.IDEMPOTENCY_WAIT_MS,
    maxBodyBytes: variables.MAX_BODY_BYTES,
    maxStoredBytes: variables.MAX_STORED_BYTES,
    maxFrameBytes: variables.MAX_FRAME_BYTES,
    intake: intakeBounds(variables),
    shutdownGraceMs: variables.SHUTDOWN_GRACE_MS,
    socketLifetimeMs: variables.SOCKET_LIFETIME_MS,
    socketsPerKey: variables.SOCKETS_PER_KEY,
    responseRetentionDays: variables.RESPONSE_RETENTION_DAYS,
    imageFetchAllow: listEntries(variables.IMAGE_FETCH_ALLOW),
    log: { level, pretty: isatty(process.stdout.fd) },
    corsOrigins: listEntries(variables.CORS_ORIGINS),
  };
}

/** A parsed body takes up to twice its bytes, so a quarter of the heap for all bodies leaves half of it to the rest. */
function intakeBounds({
  BODY_MEMORY_BYTES,
  KEY_BODY_MEMORY_BYTES,
}: EnvironmentVariables): LoadedConfig['intake'] {
  const perProcess = BODY_MEMORY_BYTES ?? Math.floor(getHeapStatistics().heap_size_limit / 4);
  return { perProcess, perKey: KEY_BODY_MEMORY_BYTES ?? Math.floor(perProcess / 4) };
}

function findGatewayFile(variables: EnvironmentVariables, workingDirectory: string): string | undefined {
  if (variables.GATEWAY_CONFIG !== undefined) return resolve(workingDirectory, variables.GATEWAY_CONFIG);
  const path = resolve(workingDirectory, DEFAULT_FILE);
  return existsSync(path) ? path : undefined;
}

function readSettings(
  dialects: Dialects,
  path: string | undefined,
  variables: EnvironmentVariables,
  environment: NodeJS.ProcessEnv,
): GatewayFile | ConfigurationError {
  if (path === undefined)
    return {
      catalog: withSandbox(catalogueFromKeys(variables, dialects, readProxies(environment))),
      payments: DEFAULT_PAYMENTS,
    };
  try {
    return readGatewayFile(path, dialects, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

function withSandbox({ providers, models }: CatalogSnapshot): CatalogSnapshot {
  return {
    providers: new Map([...providers, ...SANDBOX_CATALOGUE.providers]),
    models: new Map([...models, ...SANDBOX_CATALOGUE.models]),
  };
}

function adminToken(
  { ADMIN_TOKEN: given }: EnvironmentVariables,
  dataDir: string,
): Pick<LoadedConfig, 'adminToken' | 'adminTokenFile'> {
  if (given !== undefined) return { adminToken: given, adminTokenFile: undefined };
  const path = join(dataDir, 'admin-token');
  return kept('the admin token', () => ({ adminToken: loadOrCreateSecret(path), adminTokenFile: path }));
}

function receiptSigningKey({ RECEIPT_SIGNING_KEY: given }: EnvironmentVariables, dataDir: string): string {
  if (given !== undefined) return given;
  return kept('the key that signs receipts', () => {
    const key = loadOrCreateSecret(join(dataDir, 'receipt-signing-key'), newSigningKey);
    parseSigningKey(key);
    return key;
  });
}

function kept<Secret>(what: string, load: () => Secret): Secret {
  try {
    return load();
  } catch (error) {
    throw new ConfigurationError([`DATA_DIR: ${what} cannot be kept there: ${errorMessage(error)}`]);
  }
}
