import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Binaries, programPath } from './binaries.js';
import { DatabaseStartError } from './database-start-error.js';
import { SUPERUSER } from './embedded-url.js';
import { handOver, holdsDatabase, type Place } from './place.js';

const INITDB_TIMEOUT_MS = 120_000;
const MAX_OUTPUT_CHARACTERS = 4_000;

/** Written into the new cluster's postgresql.conf, where an operator may change them. */
const FIRST_SETTINGS: readonly string[] = [
  'max_connections=100',
  'shared_buffers=128MB',
  // Containers have little shared memory, and no query of the gateway gains from parallel workers.
  'max_parallel_workers_per_gather=0',
  'timezone=UTC',
  'log_timezone=UTC',
];

/** The superuser's password, made once, in a file that only the gateway's user can read. */
export async function loadOrCreatePassword(dataDir: string, databaseExists: boolean): Promise<string> {
  const path = passwordPath(dataDir);
  try {
    return await readPassword(dataDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (databaseExists) {
    throw new DatabaseStartError(
      `The embedded database's password is missing: ${path} was there when the database was made. Restore that file.`,
    );
  }
  const password = randomBytes(24).toString('hex');
  const draft = `${path}.new`;
  await writeFile(draft, `${password}\n`, { mode: 0o600 });
  await rename(draft, path);
  return password;
}

export async function readPassword(dataDir: string): Promise<string> {
  return (await readFile(passwordPath(dataDir), 'utf8')).trim();
}

function passwordPath(dataDir: string): string {
  return join(dataDir, 'postgres-password');
}

/** Makes a database cluster if there is none. The remains of an interrupted attempt are never mistaken for one. */
export async function initialise(
  binaries: Binaries,
  place: Place,
  password: string,
  durable: boolean,
): Promise<void> {
  if (holdsDatabase(place.data)) {
    await handOver(place.data, place.user);
    refuseOtherMajor(binaries, place.data);
    return;
  }
  const draft = join(place.home, 'postgres.new');
  const passwordFile = join(place.home, `postgres.new-password`);
  await rm(draft, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' });
    await handOver(draft, place.user);
    await handOver(passwordFile, place.user);
    await runInitdb(binaries, place, draft, passwordFile, durable);
    await rename(draft, place.data).catch((error: unknown) => {
      throw new DatabaseStartError(`${place.data} exists and is not a database. Remove it.`, {
        cause: error,
      });
    });
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

async function runInitdb(
  binaries: Binaries,
  place: Place,
  directory: string,
  passwordFile: string,
  durable: boolean,
): Promise<void> {
  const initdb = programPath(binaries, 'initdb');
  const child = spawn(
    initdb,
    [
      ...['--pgdata', directory, '--username', SUPERUSER, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-locale'],
      // Text is sorted and compared in the same way on every machine, whatever its C library.
      ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ...FIRST_SETTINGS.flatMap((setting) => ['--set', setting]),
      ...(durable ? [] : ['--no-sync']),
    ],
    {
      ...(place.user && { uid: place.user.uid, gid: place.user.gid }),
      cwd: dirname(initdb),
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: INITDB_TIMEOUT_MS,
      windowsHide: true,
    },
  );
  let output = '';
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT_CHARACTERS);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const [status, signal] = (await once(child, 'close').catch((error: unknown) => {
    throw new DatabaseStartError(`${initdb} could not be run.`, { cause: error });
  })) as [number | null, string | null];
  if (status === 0) return;
  const how = signal === null ? `status ${status ?? 'unknown'}` : `signal ${signal}`;
  throw new DatabaseStartError(
    `The embedded database could not be created: initdb ended with ${how}.\n${output.trim()}`,
  );
}

function refuseOtherMajor(binaries: Binaries, data: string): void {
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  const ours = binaries.version.split('.')[0];
  if (found === ours) return;
  throw new DatabaseStartError(
    `The database in ${data} was made by PostgreSQL ${found}, but this gateway brings PostgreSQL ${ours ?? ''}. Move its data with pg_dump, or use another DATA_DIR.`,
  );
}
