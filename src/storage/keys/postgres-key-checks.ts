import type { Pool } from 'pg';
import type { KeyRecord } from '../../payments/keys/key-store.js';
import { PATIENTLY } from '../lock-wait.js';
import { NamedStatement } from '../named-statement.js';
import { laneOf, type RowStatements } from '../row-statements.js';

interface KeyRow extends Omit<KeyRecord, 'budgetLimit' | 'budgetSpent' | 'budgetHeld'> {
  readonly budgetLimit: string | null;
  readonly budgetSpent: string;
  readonly budgetHeld: string;
}

const FIND_KEY = new NamedStatement(
  'find_key',
  `SELECT id, account_id AS "accountId", name, budget_limit AS "budgetLimit", budget_spent AS "budgetSpent",
     budget_held AS "budgetHeld", open_holds AS "openHolds", chain_id AS "chainId", allowed_models AS "allowedModels",
     rate_limit_rpm AS "rateLimitRpm", max_concurrent_requests AS "maxConcurrentRequests", expires_at AS "expiresAt",
     revoked_at AS "revokedAt", last_used_at AS "lastUsedAt", created_at AS "createdAt"
   FROM api_keys WHERE key_hash = $keyHash`,
);

/** Without Prisma, which would take four times as long: requests wait for this before all else. */
export async function findKey(pool: Pool, keyHash: Buffer): Promise<KeyRecord | undefined> {
  const { rows } = await pool.query<KeyRow>(FIND_KEY.with({ keyHash }));
  const [row] = rows;
  return (
    row && {
      ...row,
      budgetLimit: row.budgetLimit === null ? null : BigInt(row.budgetLimit),
      budgetSpent: BigInt(row.budgetSpent),
      budgetHeld: BigInt(row.budgetHeld),
    }
  );
}

/** Whether there is a key. A start waits for it. */
export async function anyKey(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query('SELECT FROM api_keys WHERE wallet IS NULL LIMIT 1');
  return rows.length > 0;
}

/**
 * The answer has no row for a key without a limit: there is nothing to wait for. The time is taken when the key's row has
 * been locked, as in `take_holds`: requests that were counted while this one waited for the row came before it.
 */
const COUNT_REQUEST = `WITH key AS MATERIALIZED (
  SELECT id, rate_arrival_at, rate_limit_rpm FROM api_keys
  WHERE ${PATIENTLY} AND id = $1 AND rate_limit_rpm IS NOT NULL FOR UPDATE),
clock AS MATERIALIZED (SELECT k.*, clock_timestamp() AS moment FROM key k),
request AS (
  SELECT id, greatest(rate_arrival_at, moment) + make_interval(secs => 60.0 / rate_limit_rpm) AS arrival,
         moment + interval '60 seconds' AS latest
  FROM clock),
counted AS (
  UPDATE api_keys k SET rate_arrival_at = r.arrival FROM request r WHERE k.id = r.id AND r.arrival <= r.latest)
SELECT ceil(extract(epoch FROM arrival - latest) * 1000)::integer AS wait_ms FROM request WHERE arrival > latest`;

/**
 * @returns nothing, or milliseconds until there is room for the request: then it was not counted
 * @throws DatabaseAway when the key's row stays locked
 */
export async function countRequest(statements: RowStatements, id: string): Promise<number | undefined> {
  const { rows } = await statements.query<{ wait_ms: number }>(laneOf('key', id), COUNT_REQUEST, [id]);
  return rows[0]?.wait_ms;
}
