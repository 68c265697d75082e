// @ts-check
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const limit = () =>
  Number(/^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);

/**
 * Lets this process, and so those that it starts, have so many files and sockets open. Root may raise the limit.
 * @param {number} files
 * @throws Error when the limit is lower and stays it
 */
export function requireOpenFiles(files) {
  if (limit() >= files) return;
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${files}:${files}`], {
      stdio: 'ignore',
    });
  } catch {
    // Not root, or no prlimit: the limit says it.
  }
  if (limit() < files)
    throw new Error(`A process may have ${limit()} open files, and ${files} are needed: ulimit -n ${files}`);
}
