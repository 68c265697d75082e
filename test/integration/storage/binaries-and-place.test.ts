import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Binaries,
  packagedBinaries,
  programPath,
  runnableBinaries,
} from '../../../src/storage/embedded-postgres/binaries.js';
import { dataHome, wordsForHome } from '../../../src/storage/embedded-postgres/data-home.js';
import { unprivilegedUser } from '../../../src/storage/embedded-postgres/system-user.js';
import { query, Scratch } from './scratch.js';

const startedByRoot = process.getuid?.() === 0;

describe('where the embedded PostgreSQL runs', () => {
  let scratch: Scratch;

  beforeEach(() => {
    scratch = new Scratch();
  });

  afterEach(() => scratch.clear());

  /** A copy of the platform package as `npm install --ignore-scripts` leaves it. */
  async function packageWithoutLinks(parent: string): Promise<{ binaries: Binaries; links: string[] }> {
    const packaged = await packagedBinaries();
    const root = join(parent, 'package');
    await cp(packaged.root, root, { recursive: true, verbatimSymlinks: true });
    const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8');
    const links = (JSON.parse(list) as { target: string }[]).map(({ target }) => join(root, target));
    await Promise.all(links.map((link) => rm(link, { force: true })));
    return { binaries: { ...packaged, root }, links };
  }

  it('makes good the library links that an install without scripts leaves out', async () => {
    const { binaries, links } = await packageWithoutLinks(await scratch.directory());
    expect(links.length).toBeGreaterThan(0);
    expect(spawnSync(programPath(binaries, 'postgres'), ['--version']).status).not.toBe(0);
    const home = await scratch.directory();
    const user = unprivilegedUser(home);
    expect(await runnableBinaries(binaries, home, user, scratch.log)).toEqual(binaries);
    expect(links.every((link) => lstatSync(link).isSymbolicLink() && existsSync(link))).toBe(true);
    expect(scratch.warnings).toEqual([]);
  });

  it('copies the programs, links included, when the package cannot be repaired or reached, and says so', async () => {
    const parent = await scratch.directory();
    const { binaries } = await packageWithoutLinks(parent);
    // Root may write anywhere, but its unprivileged user cannot enter this; anybody else cannot write the links.
    if (startedByRoot) await chmod(parent, 0o700);
    else await chmod(join(binaries.root, 'native', 'lib'), 0o555);
    try {
      const home = await scratch.directory();
      const user = unprivilegedUser(home);
      const copied = await runnableBinaries(binaries, home, user, scratch.log);
      expect(dirname(copied.root)).toBe(home);
      expect(scratch.warnings).toEqual([expect.stringContaining(`copied to ${copied.root}`)]);
      expect(await runnableBinaries(binaries, home, user, scratch.log)).toEqual(copied);
      expect(scratch.warnings).toHaveLength(1);
    } finally {
      await chmod(join(binaries.root, 'native', 'lib'), 0o755);
    }
  });

  (startedByRoot ? it : it.skip)(
    'keeps the data of a directory that its user cannot enter elsewhere, apart from that of other directories',
    async () => {
      const home = await scratch.directory(0o700);
      const sharedRoot = await scratch.directory();
      const start = (dataDir: string) => scratch.start(dataHome(dataDir, sharedRoot));
      const [one, two] = [join(home, 'one'), join(home, 'two')];
      const first = await start(one);
      const other = await start(two);
      expect(dirname(dataHome(one, sharedRoot))).toBe(sharedRoot);
      expect(wordsForHome(one, dataHome(one, sharedRoot))).toMatch(
        /cannot enter .*one: all data .* DATA_DIR .* ordinary user/,
      );
      await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS id');
      await expect(query(other.url, 'TABLE kept')).rejects.toThrow('does not exist');
      await first.stop();

      const again = await start(one);
      expect(await query(again.url, 'TABLE kept')).toEqual([{ id: 1 }]);
      await again.stop();

      // A later change of permissions must not lead to a new, empty database.
      await other.stop();
      await chmod(home, 0o755);
      const reachable = await start(one);
      expect(await query(reachable.url, 'TABLE kept')).toEqual([{ id: 1 }]);
    },
  );

  (startedByRoot ? it : it.skip)(
    'brings along the secrets that stayed where the database could not',
    async () => {
      const home = await scratch.directory(0o700);
      const sharedRoot = await scratch.directory();
      await writeFile(join(home, 'admin-token'), 'kept\n', { mode: 0o600 });
      const shared = dataHome(home, sharedRoot);
      expect(await readFile(join(shared, 'admin-token'), 'utf8')).toBe('kept\n');
      expect(lstatSync(join(shared, 'admin-token')).mode & 0o777).toBe(0o600);
      expect(existsSync(join(home, 'admin-token'))).toBe(false);
      expect(dataHome(home, sharedRoot)).toBe(shared);
    },
  );

  (startedByRoot ? it : it.skip)(
    'says so when its user can no longer enter the directory with the data',
    async () => {
      const home = await scratch.directory();
      const dataDir = join(home, 'data');
      await mkdir(dataDir);
      await (await scratch.start(dataDir)).stop();
      await chmod(home, 0o700);
      await expect(scratch.start(dataDir)).rejects.toThrow(`cannot enter ${dataDir}`);
    },
  );
});
