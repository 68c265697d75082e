import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, realpathSync, rmSync, constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { dataIn, holdsDatabase } from './place.js';
import { canEnter, unprivilegedUser } from './system-user.js';

/** For data that the database's user could not reach in its proper place. */
const SHARED_ROOT = '/var/lib/slipstream';

/**
 * The directory for all data of a gateway with its own database: `dataDir`, unless root starts the gateway and the
 * database's user cannot enter `dataDir`. Then it is a directory below `sharedRoot`, named by a hash of `dataDir`,
 * for the database and the secrets alike: one is worth nothing without the other. Existing data decides, so that a
 * change of permissions between two starts never shows an empty database.
 *
 * @param dataDir absolute
 */
export function dataHome(dataDir: string, sharedRoot: string = SHARED_ROOT): string {
  const user = unprivilegedUser(dataIn(dataDir));
  if (user === undefined || holdsDatabase(dataIn(dataDir))) return dataDir;
  const existing = nearestExisting(dataDir);
  const real = join(realpathSync(existing), dataDir.slice(existing.length));
  const shared = join(sharedRoot, createHash('sha256').update(real).digest('hex').slice(0, 16));
  if (canEnter(user, realpathSync(existing)) && !holdsDatabase(dataIn(shared))) return dataDir;
  mkdirSync(shared, { recursive: true, mode: 0o755 });
  bringAlong(real, shared);
  return shared;
}

/** The message for a `dataHome` that is not the directory asked for, with the ways out. */
export function wordsForHome(asked: string, home: string): string {
  const user = unprivilegedUser(dataIn(home))?.name ?? 'the database';
  return `The gateway was started by root, so PostgreSQL runs as ${user}, who cannot enter ${asked}: all data is kept in ${home}. To keep it elsewhere, set DATA_DIR to a directory that ${user} can enter, or start the gateway as an ordinary user.`;
}

/** Earlier versions put only the database into the shared place. */
const LEFT_BEHIND = ['admin-token', 'receipt-signing-key', 'postgres-password'];

function bringAlong(from: string, to: string): void {
  for (const name of LEFT_BEHIND) {
    if (!existsSync(join(from, name)) || existsSync(join(to, name))) continue;
    copyFileSync(join(from, name), join(to, name), constants.COPYFILE_EXCL);
    rmSync(join(from, name));
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) || basename(path) === '' ? path : nearestExisting(dirname(path));
}
