import { Client, type ClientConfig } from 'pg';
import { until } from './until.js';

async function inSession<Result>(
  config: ClientConfig,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(config);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Changes a setting of a running PostgreSQL; resolves when every next statement goes by it, of whatever session.
 *
 * A reload is only asked for: the server tells its processes in its own time. It has told all of them before it starts
 * a session that knows the value, and the checkpointer, which says whether commits wait, looks before each checkpoint.
 */
export async function setForServer(url: string, setting: string, value: string): Promise<void> {
  const writing = { connectionString: url, options: '-c default_transaction_read_only=off' };
  await inSession(writing, async (client) => {
    await client.query(`ALTER SYSTEM SET ${setting} = '${value}'`);
    await client.query('SELECT pg_reload_conf()');
  });
  const known = `SELECT current_setting('${setting}') = '${value}' AS yes`;
  await until(() =>
    inSession({ connectionString: url }, async (client) => {
      const { rows } = await client.query<{ yes: boolean }>(known);
      return rows[0]?.yes === true;
    }),
  );
  await inSession({ connectionString: url }, (client) => client.query('CHECKPOINT'));
}
