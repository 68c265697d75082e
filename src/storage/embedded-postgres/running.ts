import { realpath } from 'node:fs/promises';
import { DatabaseStartError } from './database-start-error.js';
import { embeddedUrl } from './embedded-url.js';
import { readPassword } from './initialise.js';
import { dataIn } from './place.js';
import { readPostmasterFile } from './postmaster-file.js';
import { isAlive } from './processes.js';

/**
 * The URL of the embedded database that a running gateway keeps below `dataDir`, for programs beside it; undefined
 * when none runs. Changes nothing.
 *
 * @throws DatabaseStartError when this user may not read what is there
 */
export async function runningEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  try {
    const directory = await realpath(dataDir);
    const file = await readPostmasterFile(dataIn(directory));
    if (file?.status !== 'ready' || file.port === undefined || !isAlive(file.pid)) return undefined;
    return embeddedUrl(await readPassword(directory), file.port);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw failure;
    throw new DatabaseStartError(`The database of ${dataDir} is not this user's to read.`, {
      cause: failure,
    });
  }
}
