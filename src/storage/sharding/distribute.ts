import { Client } from 'pg';
import { StartError } from '../../base/errors/start-error.js';
import { installedVersion, shardingFunctions } from './layout.js';
import { SHARDED_TABLES, type ShardedTable } from './sharded-tables.js';

/** Content is copied to the workers in one transaction: as long as that takes. */
const NO_TIMEOUT = 'SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0';

export interface TablePlace {
  readonly table: string;
  /** `sharded`: by account, on the workers. `local`: on the coordinator. */
  readonly place: 'sharded' | 'local';
  /** Whether it was there before. */
  readonly already: boolean;
  /** Of a sharded table. */
  readonly shards: number;
}

export interface Distribution {
  readonly workers: number;
  readonly tables: readonly TablePlace[];
  /** Whether the functions were those of this version already. */
  readonly functions: 'installed' | 'there already';
}

/**
 * Shards the content of a database by account, on the coordinator of a Citus cluster. All of it or nothing, in one
 * transaction. What is done already stays as it is, so it can be run again, and after every new version has to be.
 *
 * @throws StartError on a server without Citus or workers, and while gateways serve
 */
export async function distribute(connectionString: string): Promise<Distribution> {
  const client = new Client({ connectionString, application_name: 'slipstream distribute' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const workers = await requireCluster(client);
    await client.query('BEGIN');
    await client.query(NO_TIMEOUT);
    await requireNobodyServes(client);
    const distribution = await shardAll(client, workers);
    await client.query('COMMIT');
    return distribution;
  } finally {
    await client.end();
  }
}

async function requireCluster(client: Client): Promise<number> {
  const { rows: extensions } = await client.query(`SELECT FROM pg_extension WHERE extname = 'citus'`);
  if (extensions.length === 0) {
    throw new StartError(
      'This database is on a PostgreSQL server of its own, without Citus: there is nothing to distribute it to. Gateways use it as it is.',
    );
  }
  const { rows } = await client.query<{ workers: number; has_coordinator: boolean; is_coordinator: boolean }>(
    `SELECT count(*) FILTER (WHERE groupid <> 0 AND isactive AND shouldhaveshards)::int AS workers,
            coalesce(bool_or(groupid = 0), false) AS has_coordinator,
            (SELECT groupid = 0 FROM pg_dist_local_group) AS is_coordinator
     FROM pg_dist_node`,
  );
  const { workers = 0, has_coordinator: hasCoordinator, is_coordinator: isCoordinator } = rows[0] ?? {};
  if (isCoordinator === false) throw new StartError('This is a worker. Connect to the coordinator.');
  if (hasCoordinator !== true) {
    throw new StartError(
      `The cluster does not know how to reach its coordinator. Say so: SELECT citus_set_coordinator_host('its address', its port).`,
    );
  }
  if (workers === 0) {
    throw new StartError(
      `The cluster has no workers. Add them: SELECT citus_add_node('its address', its port).`,
    );
  }
  return workers;
}

/** A gateway keeps the statements that it began with. None gets a lease before this transaction ends. */
async function requireNobodyServes(client: Client): Promise<void> {
  await client.query('LOCK TABLE gateway_processes IN EXCLUSIVE MODE');
  const { rows } = await client.query<{ serving: number }>(
    'SELECT count(*)::int AS serving FROM gateway_processes WHERE lease_expires_at > now()',
  );
  const serving = rows[0]?.serving ?? 0;
  if (serving === 0) return;
  throw new StartError(
    `${serving} gateway processes have a lease on this database. Stop all of them: none may serve while its tables move.`,
  );
}

async function shardAll(client: Client, workers: number): Promise<Distribution> {
  await client.query(`SET LOCAL citus.multi_shard_modify_mode = 'sequential'`);
  await client.query('CREATE SCHEMA IF NOT EXISTS sharded');
  const before = await shardedNow(client);
  for (const table of SHARDED_TABLES) if (!before.has(table.name)) await shard(client, table);
  const functions = await installFunctions(client);
  const now = await shardedNow(client);
  const tables = (await allTables(client)).map((table): TablePlace => {
    const place = now.has(table) ? 'sharded' : 'local';
    return { table, place, already: before.has(table), shards: now.get(table) ?? 0 };
  });
  return { workers, tables, functions };
}

/** The shards of every table that has some. */
async function shardedNow(client: Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ name: string; shards: number }>(
    `SELECT c.relname AS name, (SELECT count(*) FROM pg_dist_shard s WHERE s.logicalrelid = p.logicalrelid)::int AS shards
     FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
     WHERE c.relnamespace = 'public'::regnamespace AND p.partmethod = 'h'`,
  );
  return new Map(rows.map(({ name, shards }) => [name, shards]));
}

async function allTables(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
       AND NOT c.relispartition
       AND NOT EXISTS (SELECT FROM pg_dist_shard s WHERE shard_name(s.logicalrelid, s.shardid) = c.relname)
     ORDER BY c.relname`,
  );
  return rows.map(({ name }) => name);
}

async function shard(client: Client, { name, key, indexes }: ShardedTable): Promise<void> {
  if (name === 'response_events') await nameOwners(client);
  await dropTriggers(client, name);
  await client.query(`ALTER TABLE ${name} DROP CONSTRAINT ${name}_pkey`);
  await client.query(`ALTER TABLE ${name} ADD CONSTRAINT ${name}_pkey PRIMARY KEY (${key.join(', ')})`);
  for (const index of indexes) {
    await client.query(`DROP INDEX IF EXISTS ${index.name}`);
    const kind = index.unique ? 'UNIQUE INDEX' : 'INDEX';
    await client.query(`CREATE ${kind} ${index.name} ON ${name} (${index.columns.join(', ')})`);
  }
  const beside = name === 'responses' ? 'none' : 'responses';
  await client.query(
    `SELECT create_distributed_table('${name}', 'account_id', colocate_with => '${beside}')`,
  );
  // What was copied is still here, under the table that now stands for its shards.
  await client.query(`SELECT truncate_local_data_after_distributing_table('${name}')`);
}

/** Events of versions that did not name their account get that of their response; those of none are of no use. */
async function nameOwners(client: Client): Promise<void> {
  await client.query(
    `UPDATE response_events v SET account_id = r.account_id FROM responses r
     WHERE v.account_id IS NULL AND r.id = v.response_id`,
  );
  await client.query('DELETE FROM response_events WHERE account_id IS NULL');
}

/** A worker cannot note bytes on the coordinator. The functions that write content do it. */
async function dropTriggers(client: Client, table: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT tgname AS name FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal',
    [table],
  );
  for (const { name } of rows) await client.query(`DROP TRIGGER ${name} ON ${table}`);
}

async function installFunctions(client: Client): Promise<Distribution['functions']> {
  const { scripts, version } = await shardingFunctions();
  const installed = await installedVersion(client);
  if (installed === version) return 'there already';
  if (installed === undefined) {
    await client.query('CREATE TABLE sharded.two_phases (id integer PRIMARY KEY)');
    await client.query(`SELECT citus_add_local_table_to_metadata('sharded.two_phases')`);
    await client.query(
      'CREATE TABLE sharded.installed (version text NOT NULL, installed_at timestamptz NOT NULL DEFAULT now())',
    );
  }
  for (const script of scripts) await client.query(script);
  await client.query('DELETE FROM sharded.installed');
  await client.query('INSERT INTO sharded.installed (version) VALUES ($1)', [version]);
  return 'installed';
}
