import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chown, lchown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseStartError } from './database-start-error.js';
import { type StartLog } from './start-log.js';
import { canEnter, type SystemUser, unprivilegedUser } from './system-user.js';

/** For data that the database's user could not reach where it should be. */
export const SHARED_ROOT = '/var/lib/slipstream';

/** Where a database lives and as whom it runs. */
export interface Place {
  /** Holds the data directory and, where need be, a copy of the binaries. */
  readonly home: string;
  /** PostgreSQL's data directory. */
  readonly data: string;
  /** Undefined: the gateway's own user. */
  readonly user: SystemUser | undefined;
}

/**
 * `<dataDir>/postgres`; only when root starts the gateway and the database's user cannot reach it, a directory below
 * `sharedRoot` that is named by a hash of `dataDir`. Data that is already there decides, so that a change of
 * permissions between two starts never shows an empty database.
 *
 * @param dataDir absolute, without symbolic links, existing
 */
export async function choosePlace(dataDir: string, sharedRoot: string, log: StartLog): Promise<Place> {
  const own = placeIn(dataDir);
  const shared = placeIn(sharedHome(dataDir, sharedRoot));
  if (own.user === undefined) {
    refuseForeignData(own.data);
    return own;
  }
  const reachable = canEnter(own.user, dataDir);
  if (holdsDatabase(own.data) || (reachable && !holdsDatabase(shared.data))) {
    if (reachable) return own;
    throw new DatabaseStartError(
      `The database in ${own.data} runs as the user ${own.user.name}, who can no longer enter ${dataDir}. Let that user pass through it and the directories above it (chmod o+x).`,
    );
  }
  await mkdir(shared.home, { recursive: true, mode: 0o755 });
  log.warn(
    `The gateway was started by root and the database's user ${shared.user?.name ?? ''} cannot enter ${dataDir}: the database is kept in ${shared.data}.`,
  );
  return shared;
}

/** Where a database of this `dataDir` may be, in the order in which they are to be believed. */
export function dataDirectories(dataDir: string, sharedRoot: string): readonly string[] {
  return [dataDir, sharedHome(dataDir, sharedRoot)].map(dataIn).filter(holdsDatabase);
}

export function holdsDatabase(data: string): boolean {
  return existsSync(join(data, 'PG_VERSION'));
}

/** Gives a file or directory, with all that is in it, to the database's user; does nothing unless root started us. */
export async function handOver(path: string, user: SystemUser | undefined): Promise<void> {
  if (user === undefined) return;
  if (statSync(path).uid === user.uid) return;
  if (statSync(path).isDirectory()) {
    const entries = await readdir(path, { recursive: true });
    for (const entry of entries) await lchown(join(path, entry), user.uid, user.gid);
  }
  await chown(path, user.uid, user.gid);
}

function sharedHome(dataDir: string, sharedRoot: string): string {
  return join(sharedRoot, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
}

function dataIn(home: string): string {
  return join(home, 'postgres');
}

function placeIn(home: string): Place {
  const data = dataIn(home);
  return { home, data, user: unprivilegedUser(data) };
}

function refuseForeignData(data: string): void {
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  const self = process.getuid?.();
  if (owner === undefined || self === undefined || owner === self) return;
  throw new DatabaseStartError(
    `The database in ${data} belongs to another user (uid ${owner}; the gateway runs as uid ${self}). Start the gateway as that user or as root, or use another DATA_DIR.`,
  );
}
