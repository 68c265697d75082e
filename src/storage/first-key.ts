import type { Client } from 'pg';
import { newId } from '../ids.js';
import { hashApiKey, newApiKey } from '../payments/keys/api-key.js';

/** 10 USDC, in atomic units. */
export const FIRST_KEY_BUDGET = 10_000_000n;
const FIRST_ACCOUNT = 'default';

/**
 * Makes the first key of a new database; to be run under the migration lock, so that of several starts only one
 * makes it. @returns the key, or nothing when there is a key row already.
 */
export async function createFirstKey(connection: Client): Promise<string | undefined> {
  const existing = await connection.query('SELECT FROM api_keys LIMIT 1');
  if (existing.rowCount) return undefined;
  const key = newApiKey();
  await connection.query(
    `WITH account AS (INSERT INTO accounts (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING id)
     INSERT INTO api_keys (id, account_id, name, key_hash, budget_limit)
     SELECT $2, account.id, 'first key', $3, $4 FROM account`,
    [FIRST_ACCOUNT, newId('key'), hashApiKey(key), FIRST_KEY_BUDGET],
  );
  return key;
}
