import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { dataHome } from '../../../src/storage/embedded-postgres/data-home.js';
import { runningEmbeddedPostgres } from '../../../src/storage/embedded-postgres/running.js';
import { query, Scratch } from './scratch.js';

const startedByRoot = process.getuid?.() === 0;

describe('runningEmbeddedPostgres', () => {
  const scratch = new Scratch();
  afterEach(() => scratch.clear());

  it('finds the server of a gateway that runs, and no other', async () => {
    const home = await scratch.directory();
    expect(await runningEmbeddedPostgres(join(home, 'nothing'))).toBeUndefined();
    const server = await scratch.start(join(home, 'data'));
    const before = await readdir(join(home, 'data'));
    const url = await runningEmbeddedPostgres(join(home, 'data'));
    expect(url).toBe(server.url);
    expect(await query(url ?? '', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await readdir(join(home, 'data'))).toEqual(before);
    await server.stop();
    expect(await runningEmbeddedPostgres(join(home, 'data'))).toBeUndefined();
  });

  (startedByRoot ? it : it.skip)('finds one whose data is kept elsewhere', async () => {
    const home = await scratch.directory(0o700);
    const sharedRoot = await scratch.directory();
    const dataDir = dataHome(join(home, 'data'), sharedRoot);
    const server = await scratch.start(dataDir);
    expect(await runningEmbeddedPostgres(dataHome(join(home, 'data'), sharedRoot))).toBe(server.url);
    expect(await runningEmbeddedPostgres(join(home, 'data'))).toBeUndefined();
  });
});
