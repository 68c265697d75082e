import { hash, randomBytes } from 'node:crypto';

/** A new key: 256 random bits. It is shown once; only its hash is kept. */
export function newApiKey(): string {
  return `compose-${randomBytes(32).toString('base64url')}`;
}

/**
 * Keys are random, so a fast hash is enough. A key is found by an index over its hash: what a timing could tell
 * is about the hash of a guess, never about the key.
 */
export function hashApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
