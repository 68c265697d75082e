import type { Pool, PoolClient } from 'pg';
import { GatewayError } from '../base/errors/gateway-error.js';
import { statementFailure } from './database-failure.js';

/** A process that stops within a transaction must not keep its locks: the server ends its session. */
const BEGIN = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'`;

/** For work that takes several statements. A connection on which anything failed is not used again. */
export async function inTransaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect().catch(fail);
  // A connection that breaks between two statements fails the next; without a listener it would end the process.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  try {
    await client.query(BEGIN);
    const result = await work(client);
    await client.query('COMMIT');
    client.off('error', ignore).release();
    return result;
  } catch (failure) {
    client.release(failure instanceof Error ? failure : true);
    return fail(failure);
  }
}

function fail(failure: unknown): never {
  throw failure instanceof GatewayError ? failure : statementFailure(failure);
}
