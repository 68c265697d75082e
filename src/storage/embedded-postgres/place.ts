import { existsSync, statSync } from 'node:fs';
import { chown, lchown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseStartError } from './database-start-error.js';
import { canEnter, type SystemUser, unprivilegedUser } from './system-user.js';

/** Where a database lives and as whom it runs. */
export interface Place {
  /** Holds the data directory and, if needed, a copy of the binaries. */
  readonly home: string;
  /** PostgreSQL's data directory. */
  readonly data: string;
  /** Undefined: the gateway's own user. */
  readonly user: SystemUser | undefined;
}

/**
 * `<dataDir>/postgres`, with a user who can use it.
 * @param dataDir absolute, without symbolic links, existing
 * @throws DatabaseStartError when the data belongs to another user, or the database's user cannot enter `dataDir`
 */
export function choosePlace(dataDir: string): Place {
  const data = dataIn(dataDir);
  const user = unprivilegedUser(data);
  if (user === undefined) refuseForeignData(data);
  else if (!canEnter(user, dataDir)) {
    throw new DatabaseStartError(
      `The database in ${data} runs as the user ${user.name}, who cannot enter ${dataDir}. Let that user pass through it and the directories above it (chmod o+x).`,
    );
  }
  return { home: dataDir, data, user };
}

/** PostgreSQL's data directory below the directory of a gateway's data. */
export function dataIn(home: string): string {
  return join(home, 'postgres');
}

export function holdsDatabase(data: string): boolean {
  return existsSync(join(data, 'PG_VERSION'));
}

/** Gives a file or directory, with everything in it, to the database's user; does nothing unless root started us. */
export async function handOver(path: string, user: SystemUser | undefined): Promise<void> {
  if (user === undefined) return;
  if (statSync(path).uid === user.uid) return;
  if (statSync(path).isDirectory()) {
    const entries = await readdir(path, { recursive: true });
    for (const entry of entries) await lchown(join(path, entry), user.uid, user.gid);
  }
  await chown(path, user.uid, user.gid);
}

function refuseForeignData(data: string): void {
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  const self = process.getuid?.();
  if (owner === undefined || self === undefined || owner === self) return;
  throw new DatabaseStartError(
    `The database in ${data} belongs to another user (uid ${owner}; the gateway runs as uid ${self}). Start the gateway as that user or as root, or use another DATA_DIR.`,
  );
}
