import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The user that the database runs as. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: SystemUser = { name: 'nobody', uid: 65_534, gid: 65_534 };

/**
 * PostgreSQL refuses to run as root, so root runs it as another user: the owner of the existing data, else
 * `postgres`, else `nobody`. Undefined unless the gateway runs as root: the database then runs as the gateway's own
 * user.
 */
export function unprivilegedUser(existingData: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readUsers();
  const owner = statSync(existingData, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) {
    return (
      users.find((user) => user.uid === owner.uid) ?? {
        name: `uid ${owner.uid}`,
        uid: owner.uid,
        gid: owner.gid,
      }
    );
  }
  const byName = (name: string) => users.find((user) => user.name === name && user.uid !== 0);
  return byName('postgres') ?? byName('nobody') ?? NOBODY;
}

function readUsers(): readonly SystemUser[] {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.flatMap((line) => {
      const [name, , uid, gid] = line.split(':');
      // macOS gives `nobody` the id -2.
      const ids = [Number(uid) >>> 0, Number(gid) >>> 0] as const;
      return name === undefined || uid === undefined || gid === undefined
        ? []
        : [{ name, uid: ids[0], gid: ids[1] }];
    });
  } catch {
    return [];
  }
}

/** Whether a user may pass through every directory from the root down to an existing `directory`, that one included. */
export function canEnter(user: SystemUser, directory: string): boolean {
  for (let current = directory; ; current = dirname(current)) {
    const { mode, uid, gid } = statSync(current);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (dirname(current) === current) return true;
  }
}
