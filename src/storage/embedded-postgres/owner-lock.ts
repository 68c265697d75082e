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

/** If a lock keeps coming and going while we try, it is soon a live one. */
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
    const living = await take(path, draft, path);
    if (living !== undefined) throw refusal(living.pid, dataDir);
    return { release: () => release(path, owner.token) };
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Takes a file for us, unless a process that lives has it.
 *
 * A file of a dead process is replaced by whoever holds its guard, a file named after the dead one's token that is taken in
 * the same way. So nobody replaces what has been replaced since it was read, and a file is never missing in between.
 *
 * @param base of the names of guards
 * @returns the process that has it; undefined: we do
 */
async function take(path: string, draft: string, base: string): Promise<Owner | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (await claim(draft, path)) return undefined;
    const current = await readOwner(path);
    if (current === undefined) continue;
    if (lives(current)) return current;
    const guard = `${base}.${current.token}.guard`;
    const successor = await take(guard, draft, base);
    if (successor !== undefined) return successor;
    try {
      if ((await readOwner(path))?.token !== current.token) continue;
      await replace(draft, path);
      return undefined;
    } finally {
      await rm(guard, { force: true });
    }
  }
  throw new DatabaseStartError(`${path} could not be taken: other processes keep replacing it.`);
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

/** In one step: there is no moment without the file. The draft stays. */
async function replace(draft: string, path: string): Promise<void> {
  const twin = `${draft}.twin`;
  await link(draft, twin);
  await rename(twin, path);
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
