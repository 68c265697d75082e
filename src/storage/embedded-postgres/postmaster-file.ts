import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What PostgreSQL says about itself in `postmaster.pid`, line by line; later lines appear while it starts. */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number | undefined;
  readonly status: string | undefined;
}

const PID_LINE = 0;
const PORT_LINE = 3;
const STATUS_LINE = 7;

export async function readPostmasterFile(dataDirectory: string): Promise<PostmasterFile | undefined> {
  let text: string;
  try {
    text = await readFile(postmasterFilePath(dataDirectory), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[PID_LINE]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const port = Number(lines[PORT_LINE]);
  return { pid, port: port > 0 ? port : undefined, status: lines[STATUS_LINE] };
}

export function postmasterFilePath(dataDirectory: string): string {
  return join(dataDirectory, 'postmaster.pid');
}
