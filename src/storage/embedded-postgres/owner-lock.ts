import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseStartError } from './database-start-error.js';
import { isAlive, processIdentity } from './processes.js';

/** The gateway process that owns a data directory. It counts only while that very process lives. */
interface Owner {
  readonly pid: number;
  /** Tells a process from a later one with the same pid; undefined where the platform does not say. */
  readonly identity: string | undefined;
  readonly token: string;
}

/** If other processes keep replacing a stale lock while we try, it is soon a live one. */
const MAX_ATTEMPTS = 10;

/**
 * Takes the data directory for this process, also when a dead process never gave it back.
 *
 * @throws DatabaseStartError when another live process owns it.
 */
export async function takeOwnership(dataDir: string): Promise<{ release(): Promise<void> }> {
  const path = join(dataDir, 'gateway.lock');
  const owner: Owner = {
    pid: process.pid,
    identity: processIdentity(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  const draft = `${path}.${owner.token}`;
  await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      if (await claim(draft, path)) return { release: () => release(path, owner.token) };
      const current = await readOwner(path);
      if (current === undefined) continue;
      if (lives(current)) throw refusal(current.pid, dataDir);
      await discard(path, current.token);
    }
    throw new DatabaseStartError(`${path} could not be taken: other processes keep replacing it.`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** A link appears whole or not at all, so no process reads half a lock. */
async function claim(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return { pid: 0, identity: undefined, token: '' };
    throw error;
  }
}

function lives(owner: Owner): boolean {
  if (owner.pid <= 0 || !isAlive(owner.pid)) return false;
  return owner.identity === undefined || owner.identity === processIdentity(owner.pid);
}

/** Moves the stale lock away before removing it: what was moved may already be the lock of a quicker process. */
async function discard(path: string, token: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
    const moved = await readOwner(aside);
    if (moved !== undefined && moved.token !== token) await claim(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function release(path: string, token: string): Promise<void> {
  const current = await readOwner(path);
  if (current?.token === token) await rm(path, { force: true });
}

function refusal(pid: number, dataDir: string): DatabaseStartError {
  return new DatabaseStartError(
    `another gateway (pid ${pid}) is already using ${dataDir}. Stop it, or start this one with another DATA_DIR.`,
  );
}
