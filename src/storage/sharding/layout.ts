import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ClientBase } from 'pg';
import { StartError } from '../../base/errors/start-error.js';
import { migrationNames, migrationsDirectory } from '../migrations/migrations-directory.js';

/** Where this database has its content. */
export class Layout {
  constructor(
    /** Content is on the shards of a Citus cluster: `slipstream distribute` has been run. */
    readonly isSharded: boolean,
  ) {}
}

export interface Functions {
  /** In the order in which they are installed. */
  readonly scripts: readonly string[];
  /** Of these functions, and of the migrations that they were written for. */
  readonly version: string;
}

/** The functions of a sharded database: `prisma/sharding`, beside the migrations. */
export async function shardingFunctions(): Promise<Functions> {
  const migrations = migrationsDirectory();
  const directory = join(dirname(migrations), 'sharding');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const scripts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
  const hash = createHash('sha256');
  for (const text of [...scripts, ...(await migrationNames(migrations))]) hash.update(text).update('\0');
  return { scripts, version: hash.digest('hex') };
}

/** The version of the functions that the database has; undefined when it is not sharded. */
export async function installedVersion(client: Pick<ClientBase, 'query'>): Promise<string | undefined> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('sharded.installed') IS NOT NULL AS there`,
  );
  if (rows[0]?.there !== true) return undefined;
  const installed = await client.query<{ version: string }>('SELECT version FROM sharded.installed');
  return installed.rows[0]?.version ?? '';
}

/** @throws StartError for a sharded database whose functions are those of another version */
export async function layoutOf(client: Pick<ClientBase, 'query'>): Promise<Layout> {
  const installed = await installedVersion(client);
  if (installed === undefined) return new Layout(false);
  const { version } = await shardingFunctions();
  if (installed === version) return new Layout(true);
  throw new StartError(
    'The database is sharded, by another version of this program. Stop the gateways of that version, then bring it up to date: npm run slipstream -- distribute',
  );
}
