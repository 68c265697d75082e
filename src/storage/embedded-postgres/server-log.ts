import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';

/** Above this size the file is put aside at the next start; one older file is kept. */
const MAX_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 4_096;
const TAIL_LINES = 15;

/** Opens the server's log for appending. The caller closes it. */
export function openServerLog(path: string): number {
  if (existsSync(path) && statSync(path).size > MAX_BYTES) {
    rmSync(`${path}.1`, { force: true });
    renameSync(path, `${path}.1`);
  }
  return openSync(path, 'a', 0o600);
}

export function serverLogSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines that were written after `offset` bytes. */
export function serverLogTail(path: string, offset = 0): string {
  const size = serverLogSize(path);
  const start = Math.max(offset, size - TAIL_BYTES, 0);
  if (size <= start) return '';
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(size - start);
    const read = readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString('utf8', 0, read).trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } finally {
    closeSync(file);
  }
}
