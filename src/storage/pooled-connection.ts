import { Client, type ClientBase } from 'pg';
import { DatabaseStartError } from './embedded-postgres/database-start-error.js';

/** What a connection leads to. */
export interface ConnectionEnd {
  /**
   * Whether a pooler such as PgBouncer is in between. It may run each transaction in another session, so that what
   * belongs to a session is not ours: its settings, prepared statements and locks.
   */
  readonly isPooled: boolean;
  /** Whether the server gives statements up after some time. */
  readonly isBounded: boolean;
}

/** A server that does not answer must not keep a new connection longer than one that cannot be reached. */
const LOOK_MS = 5_000;

/**
 * Looks where a new connection leads. PostgreSQL begins each session with the number of its process; a pooler tells
 * numbers of its own there, by which it knows its clients when they cancel.
 *
 * @param statementTimeoutMs set for the session if it is ours
 */
export async function lookAtEnd(client: ClientBase, statementTimeoutMs?: number): Promise<ConnectionEnd> {
  const { processID } = client as ClientBase & { readonly processID: number | null };
  const isOurs = `pg_backend_pid() = ${processID ?? 0}`;
  const timeout = `current_setting('statement_timeout')`;
  const text =
    statementTimeoutMs === undefined
      ? `SELECT ${isOurs} AS is_ours, ${timeout} AS timeout`
      : `SELECT ${isOurs} AS is_ours, CASE WHEN ${isOurs}
           THEN set_config('statement_timeout', '${statementTimeoutMs}', false) ELSE ${timeout} END AS timeout`;
  const statement = { text, query_timeout: LOOK_MS };
  const { rows } = await client.query<{ is_ours: boolean; timeout: string }>(statement);
  return { isPooled: rows[0]?.is_ours !== true, isBounded: rows[0]?.timeout !== '0' };
}

/** Looks where connections to this address lead. @throws DatabaseStartError when it cannot be reached */
export async function lookAtServer(connectionString: string): Promise<ConnectionEnd> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2 * LOOK_MS });
  client.on('error', () => undefined);
  try {
    await client.connect().catch((cause: unknown) => {
      throw new DatabaseStartError('The database does not let the gateway in. Check DATABASE_URL.', {
        cause,
      });
    });
    return await lookAtEnd(client);
  } finally {
    await client.end();
  }
}

/** Lets a connection prepare each statement for one run, without a name that a session would have to remember. */
export function prepareWithoutNames(client: ClientBase): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  const ask = (statement: unknown, ...rest: unknown[]): unknown => query(withoutName(statement), ...rest);
  client.query = ask as typeof client.query;
}

function withoutName(statement: unknown): unknown {
  const isNamed = typeof statement === 'object' && statement !== null && 'name' in statement;
  return isNamed ? { ...statement, name: undefined } : statement;
}
