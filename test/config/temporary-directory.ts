import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

const made: string[] = [];

/** A new empty directory; deleted after the test where the file calls `cleanUpDirectories`. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'slipstream-config-'));
  made.push(path);
  return path;
}

export function cleanUpDirectories(): void {
  afterEach(() => {
    for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
  });
}
