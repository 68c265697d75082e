import type { PreparedStatements } from '../../base/config.js';
import { parseSigningKey } from '../../base/signing-key.js';
import { isProxyUrl } from './proxies.js';
import {
  isHeaderToken,
  isHttpUrl,
  isNetwork,
  isOrigin,
  isPostgresUrl,
  isStrongSecret,
  listEntries,
  Rule,
  WholeNumber,
} from './rules.js';
import { isWorkerCount } from './worker-count.js';

const GIBIBYTE = 1024 ** 3;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/** Every variable that the gateway reads, with its default. An empty variable counts as unset. */
export class EnvironmentVariables {
  @Rule('must be a host name or an IP address', (host) => /^[A-Za-z0-9.:_-]{1,253}$/.test(host))
  HOST = '127.0.0.1';

  /** 0 takes any free port. */
  @WholeNumber(0, 65_535)
  PORT = 3000;

  /** Processes that serve the port; `auto`: one for each core. */
  @Rule('must be auto, or a whole number from 1 to 64', isWorkerCount)
  WORKERS = '1';

  @Rule('must be an http(s) URL without user, query and fragment, such as https://gateway.example', isHttpUrl)
  PUBLIC_URL: string | undefined = undefined;

  @Rule(
    'must be a URL that begins with postgres:// or postgresql://, of servers that take writes',
    isPostgresUrl,
  )
  DATABASE_URL: string | undefined = undefined;

  /** PostgreSQL itself, for what brings the schema up to date, where `DATABASE_URL` is a pooler. */
  @Rule('must be a URL that begins with postgres:// or postgresql://', isPostgresUrl)
  DATABASE_DIRECT_URL: string | undefined = undefined;

  /** Whether statements are prepared by name; `auto`: unless there is a pooler on the way. */
  @Rule('must be auto, on or off', (word) => ['auto', 'on', 'off'].includes(word))
  PREPARED_STATEMENTS: PreparedStatements = 'auto';

  @Rule('must be a path', (path) => !path.includes('\0'))
  DATA_DIR = './data';

  @Rule(
    'must be 16 or more visible ASCII characters without blanks, at least 6 of them different, such as `openssl rand -hex 32` prints',
    isStrongSecret,
  )
  ADMIN_TOKEN: string | undefined = undefined;

  @Rule('must be a path', (path) => !path.includes('\0'))
  GATEWAY_CONFIG: string | undefined = undefined;

  @Rule('must be visible ASCII characters without blanks', isHeaderToken)
  OPENAI_API_KEY: string | undefined = undefined;

  @Rule('must be an http(s) URL without user, query and fragment', isHttpUrl)
  OPENAI_BASE_URL: string | undefined = undefined;

  @Rule('must be visible ASCII characters without blanks', isHeaderToken)
  ANTHROPIC_API_KEY: string | undefined = undefined;

  @Rule('must be visible ASCII characters without blanks', isHeaderToken)
  GEMINI_API_KEY: string | undefined = undefined;

  @Rule('must be the http(s) URL of a proxy, such as http://user:password@proxy.example:3128', isProxyUrl)
  HTTP_PROXY: string | undefined = undefined;

  @Rule('must be the http(s) URL of a proxy, such as http://user:password@proxy.example:3128', isProxyUrl)
  HTTPS_PROXY: string | undefined = undefined;

  /** Hosts, addresses and networks that are reached without a proxy. */
  NO_PROXY: string | undefined = undefined;

  @WholeNumber(1, 36_500)
  RESPONSE_RETENTION_DAYS = 30;

  @WholeNumber(1, LONGEST_TIMER_MS)
  KEEP_ALIVE_MS = 15_000;

  @WholeNumber(0, LONGEST_TIMER_MS)
  SHUTDOWN_GRACE_MS = 30_000;

  @Rule(`must be one of ${LOG_LEVELS.join(', ')}`, (level) => LOG_LEVELS.includes(level))
  LOG_LEVEL = 'info';

  @WholeNumber(1, GIBIBYTE)
  MAX_BODY_BYTES = 33_554_432;

  /** Storage limit of an account: bytes of content, as written. */
  @WholeNumber(0, Number.MAX_SAFE_INTEGER)
  MAX_STORED_BYTES = 10_737_418_240;

  /** The longest frame that a provider may send in a stream. */
  @WholeNumber(1024, GIBIBYTE)
  MAX_FRAME_BYTES = 67_108_864;

  /** Request bodies that one process holds at a time. */
  @WholeNumber(1, 1024 * GIBIBYTE)
  BODY_MEMORY_BYTES: number | undefined = undefined;

  /** The same for one key. */
  @WholeNumber(1, 1024 * GIBIBYTE)
  KEY_BODY_MEMORY_BYTES: number | undefined = undefined;

  @WholeNumber(1, GIBIBYTE)
  STREAM_BUFFER_BYTES = 1_048_576;

  @WholeNumber(1, LONGEST_TIMER_MS)
  STREAM_STALL_MS = 60_000;

  /** The headers of a stream are sent after this long without a first frame, since proxies cut silent streams. */
  @WholeNumber(1, LONGEST_TIMER_MS)
  STREAM_HEAD_MS = 20_000;

  /** How long a WebSocket accepts messages. */
  @WholeNumber(1, LONGEST_TIMER_MS)
  SOCKET_LIFETIME_MS = 3_600_000;

  /** WebSockets of one key that may be open in one process. */
  @WholeNumber(1, 1_000_000)
  SOCKETS_PER_KEY = 100;

  /** How long a process that died keeps its holds. */
  @WholeNumber(300, 600_000)
  LEASE_MS = 30_000;

  /**
   * How long a call waits for other calls of its key to give back their holds; 0: it is refused at once. At most half
   * the time that the lock of a conversation lasts without a hold.
   */
  @WholeNumber(0, 30_000)
  BUDGET_WAIT_MS = 10_000;

  /**
   * How long a repeated request waits for the answer of the first one with its `Idempotency-Key`; 0: it is refused at
   * once. The default is the time limit that providers have by default.
   */
  @WholeNumber(0, 3_600_000)
  IDEMPOTENCY_WAIT_MS = 600_000;

  /** How long a call of a wallet waits for the chain before its payment counts as unknown. */
  @WholeNumber(100, 600_000)
  X402_SETTLE_MS = 20_000;

  /** How long an answer that did not reach its wallet whole keeps the same request from being bought again. */
  @WholeNumber(0, 86_400_000)
  X402_REPEAT_MS = 600_000;

  /** Lifetime of a wallet's access token. */
  @WholeNumber(1_000, 86_400_000)
  X402_TOKEN_MS = 3_600_000;

  /** The longest pause between two polls of a provider for a video that nobody watches. */
  @WholeNumber(500, LONGEST_TIMER_MS)
  VIDEO_POLL_MS = 30_000;

  /** How long all polls of a video may fail before the video fails. */
  @WholeNumber(1, LONGEST_TIMER_MS)
  VIDEO_GIVE_UP_MS = 600_000;

  /** How long a video may take at its provider before it fails. */
  @WholeNumber(1, LONGEST_TIMER_MS)
  VIDEO_TIMEOUT_MS = 86_400_000;

  @Rule(
    'must be a comma-separated list of origins, such as https://app.example,http://localhost:5173,https://*.example.com,app://obsidian.md, or * for all',
    (list) => listEntries(list).every(isOrigin),
  )
  CORS_ORIGINS: string | undefined = undefined;

  @Rule('must be an Ed25519 private key: PEM, or base64 of PKCS #8 or of the 32-byte seed', isSigningKey)
  RECEIPT_SIGNING_KEY: string | undefined = undefined;

  @Rule('must be a comma-separated list of networks, such as 10.0.0.0/8,fd00::/8', (list) =>
    listEntries(list).every(isNetwork),
  )
  IMAGE_FETCH_ALLOW: string | undefined = undefined;

  NODE_ENV: string | undefined = undefined;
}

export const ENVIRONMENT_VARIABLE_NAMES = Object.keys(
  new EnvironmentVariables(),
) as readonly (keyof EnvironmentVariables)[];

function isSigningKey(text: string): boolean {
  try {
    parseSigningKey(text);
    return true;
  } catch {
    return false;
  }
}
