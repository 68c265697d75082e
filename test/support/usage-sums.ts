import type { Pool } from 'pg';

/** For receipts that a test has moved in time: usage is summed up from the beginning again. */
export async function forgetUsageSums(pool: Pool): Promise<void> {
  await pool.query(
    `UPDATE usage_progress SET summed_until = '-infinity'; TRUNCATE usage_days, usage_awaited`,
  );
}
