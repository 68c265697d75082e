import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadOrCreateSecret } from '../../src/config/secrets.js';
import { cleanUpDirectories, temporaryDirectory } from './temporary-directory.js';

cleanUpDirectories();

describe('loadOrCreateSecret', () => {
  it('makes the secret once, with mode 0600, and leaves nothing else behind', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'below', 'secret');
    const secret = loadOrCreateSecret(path);
    expect(loadOrCreateSecret(path)).toBe(secret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'below'))).toEqual(['secret']);
  });

  it('keeps the secret of whoever was first', () => {
    const path = join(temporaryDirectory(), 'secret');
    const secret = loadOrCreateSecret(path, () => {
      writeFileSync(path, 'first\n');
      return 'second';
    });
    expect(secret).toBe('first');
  });

  it('keeps a secret that has several lines', () => {
    const path = join(temporaryDirectory(), 'secret');
    expect(loadOrCreateSecret(path, () => 'a\nb')).toBe('a\nb');
    expect(loadOrCreateSecret(path)).toBe('a\nb');
  });

  it('refuses an empty file in words', () => {
    const path = join(temporaryDirectory(), 'secret');
    writeFileSync(path, '\n');
    expect(() => loadOrCreateSecret(path)).toThrow(`${path} is empty; delete it to have a new secret made`);
  });
});
