import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './file-errors.js';

/** 256 random bits that can be sent in a header. */
function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The secret kept in a file, made on first use with mode 0600. Processes that start at the same time with the same
 * file agree on one secret: the complete file appears under its name exactly once.
 * @throws Error when the file cannot be read or written, or is empty.
 */
export function loadOrCreateSecret(path: string, generate: () => string = newToken): string {
  const existing = readSecret(path);
  if (existing !== undefined) return existing;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(draft, `${generate()}\n`, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const secret = readSecret(path);
  if (secret === undefined) throw new Error(`${path} vanished while it was being made`);
  return secret;
}

function readSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret === '') throw new Error(`${path} is empty; delete it to have a new secret made`);
    return secret;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
