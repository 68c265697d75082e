import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { takeOwnership } from '../../../src/storage/embedded-postgres/owner-lock.js';
import { Scratch } from './scratch.js';

describe('takeOwnership', () => {
  let scratch: Scratch;
  let dataDir: string;
  let lockFile: string;

  beforeEach(async () => {
    scratch = new Scratch();
    dataDir = await scratch.directory();
    lockFile = join(dataDir, 'gateway.lock');
  });

  afterEach(() => scratch.clear());

  it('gives the directory to exactly one of many that ask at the same moment', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => takeOwnership(dataDir)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = results.filter((result) => result.status === 'rejected');
    for (const { reason } of refused) {
      expect(String(reason)).toContain(`another gateway (pid ${process.pid}) is already using ${dataDir}`);
    }
    expect(await readdir(dataDir)).toEqual(['gateway.lock']);
  });

  it('gives the directory to exactly one of many when a dead process still seems to own it', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    for (let round = 0; round < 50; round += 1) {
      await writeFile(lockFile, JSON.stringify({ pid, identity: 'then', token: `old${round}` }));
      // They do not come in step: some read the old lock when others have replaced it.
      const asked = Array.from({ length: 20 }, async (_, order) => {
        for (let turns = 0; turns < order % 7; turns += 1) await readdir(dataDir);
        return takeOwnership(dataDir);
      });
      const results = await Promise.allSettled(asked);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await readdir(dataDir)).toEqual(['gateway.lock']);
    }
  });

  it('gives it to one also when the process that was about to take it over has died, too', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(lockFile, JSON.stringify({ pid, identity: 'then', token: 'old' }));
    await writeFile(`${lockFile}.old.guard`, JSON.stringify({ pid, identity: 'then', token: 'older' }));
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => takeOwnership(dataDir)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(dataDir)).toEqual(['gateway.lock']);
  });

  it('takes over from a process whose pid another one has now', async () => {
    await writeFile(
      lockFile,
      JSON.stringify({ pid: process.pid, identity: 'an earlier boot', token: 'old' }),
    );
    const ownership = await takeOwnership(dataDir);
    expect(await readFile(lockFile, 'utf8')).not.toContain('an earlier boot');
    await ownership.release();
  });

  it('takes over a lock file that is no longer readable as one', async () => {
    await writeFile(lockFile, '');
    await (await takeOwnership(dataDir)).release();
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('releases its own lock only', async () => {
    const ownership = await takeOwnership(dataDir);
    await writeFile(lockFile, JSON.stringify({ pid: process.pid, identity: 'x', token: 'of another' }));
    await ownership.release();
    expect(await readdir(dataDir)).toEqual(['gateway.lock']);
  });
});
