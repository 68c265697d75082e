import { chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface UnprivilegedUser {
  /** Options for `spawn`; empty when this process is unprivileged already. */
  readonly identity: { readonly uid?: number; readonly gid?: number };
  /** Gives a directory and everything in it to the user. */
  own(directory: string): Promise<void>;
}

/** `nobody`, on every system that this project runs on as root. */
const NOBODY = 65_534;

export function unprivilegedUser(): UnprivilegedUser {
  if (process.getuid?.() !== 0) return { identity: {}, own: () => Promise.resolve() };
  return { identity: { uid: NOBODY, gid: NOBODY }, own };
}

async function own(path: string): Promise<void> {
  await chown(path, NOBODY, NOBODY);
  if (!(await lstat(path)).isDirectory()) return;
  for (const entry of await readdir(path)) await own(join(path, entry));
}
