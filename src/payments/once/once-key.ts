import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import type { Earlier } from './earlier.js';
import { writeCanonicalJson } from '../../base/money/canonical-json.js';

const HEADERS = ['idempotency-key', 'x-idempotency-key'] as const;
const MAX_LENGTH = 200;
/** Characters; hashing each piece of the text on its own would cost more than the hash itself. */
const HASHED_AT_ONCE = 65_536;

/** The key and the fingerprint by which two requests of one account are the same. */
export interface OnceKey {
  /** 1..200 characters of the client's choice. */
  readonly key: string;
  /** SHA-256 of method, path and body, whatever the order of the body's fields. */
  readonly fingerprint: Buffer;
  /** Whether its answer is a stream that its client reads while the call runs. */
  readonly isStreamed?: boolean;
  /** Looks for the answer again, after another request with the key was found to run. Absent: that request is not joined. */
  readonly find?: () => Promise<Earlier | undefined>;
  /** Its price moves before the answer begins, so that the head of a stream waits for that. */
  readonly isPrepaid?: boolean;
}

type Head = Pick<IncomingMessage, 'headers' | 'method' | 'url'> & { readonly originalUrl?: string };

/**
 * Reads `Idempotency-Key`, or `x-idempotency-key`.
 * @throws GatewayError invalid_value for a key that is too long, or empty
 */
export function onceKeyOf(request: Head, body: JsonObject): OnceKey | undefined {
  const name = HEADERS.find((header) => request.headers[header] !== undefined);
  if (name === undefined) return undefined;
  const key = request.headers[name];
  if (typeof key !== 'string' || key === '' || key.length > MAX_LENGTH) {
    const param = 'Idempotency-Key';
    throw new GatewayError('invalid_value', `\`${param}\` must have 1 to ${MAX_LENGTH} characters.`, {
      param,
    });
  }
  return { key, fingerprint: fingerprintOf(request, body) };
}

/** SHA-256 of method, path and body. */
export function fingerprintOf({ method = '', originalUrl, url = '' }: Head, body: JsonObject): Buffer {
  const [path = ''] = (originalUrl ?? url).split('?', 1);
  const hash = createHash('sha256');
  let text = `${method}\n${path}\n`;
  writeCanonicalJson(body, (piece) => {
    text += piece;
    if (text.length < HASHED_AT_ONCE) return;
    hash.update(text);
    text = '';
  });
  return hash.update(text).digest();
}
