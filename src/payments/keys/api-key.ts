import { randomBytes } from 'node:crypto';

/** A new key: 256 random bits. It is shown once; only its hash is kept. */
export function newApiKey(): string {
  return `compose-${randomBytes(32).toString('base64url')}`;
}
