import type { ClientBase } from 'pg';

/** Standbys and servers that were set to read only take no writes. */
const TAKES_WRITES = `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS yes`;

/** The server is there and takes no writes. */
export class ReadOnlyServerError extends Error {
  constructor() {
    super('it takes no writes: it is a standby, or read only');
  }
}

/** @throws ReadOnlyServerError, or whatever the connection throws */
export async function requireWrites(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ yes: boolean }>(TAKES_WRITES);
  if (rows[0]?.yes !== true) throw new ReadOnlyServerError();
}
