import { withoutUrlPasswords } from './url-passwords.js';

const SECRET_FIELDS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'apiKey',
  'apiKeys',
  'api_key',
  'adminToken',
  'receiptSigningKey',
  'password',
  'token',
];

const DEPTH = 4;

/** Paths of the fields that hold secrets, to the depth of log entries. */
export const REDACTED_PATHS: readonly string[] = Array.from({ length: DEPTH }, (_, depth) =>
  SECRET_FIELDS.map((field) => `${'*.'.repeat(depth)}["${field}"]`.replace('.[', '[')),
).flat();

export const REDACTED = '[redacted]';

const SECRET_TEXT = /\b(?:compose-|sk-|Bearer\s+)[A-Za-z0-9._~+/=-]{16,}/g;

/** The last safeguard: removes everything that looks like a key, or a password in a URL, from a finished log line. */
export function redactLine(line: string): string {
  const shown = line.replace(SECRET_TEXT, REDACTED);
  return shown.includes('@') ? withoutUrlPasswords(shown, REDACTED) : shown;
}
