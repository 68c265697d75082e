import pg, { type Pool, type PoolClient } from 'pg';
import { outageOr } from './servers/outages.js';

/** A process that stops within a transaction must not keep its locks: the server ends its session. */
const BEGIN = `BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'`;

/** For work that takes several statements. A connection on which anything failed is not used again. */
export async function inTransaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect().catch((failure: unknown) => {
    throw outageOr(failure);
  });
  // A connection that breaks between two statements fails the next; without a listener it would end the process.
  const breaks: Error[] = [];
  const note = (failure: Error): void => void breaks.push(failure);
  client.on('error', note);
  try {
    await client.query(BEGIN);
    const result = await work(client);
    await client.query('COMMIT');
    client.off('error', note).release();
    return result;
  } catch (failure) {
    client.release(failure instanceof Error ? failure : true);
    throw breaks.length > 0 || failure instanceof pg.DatabaseError ? outageOr(failure) : failure;
  }
}
