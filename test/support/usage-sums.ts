import type { Pool } from 'pg';
import { UsageUpkeep } from '../../src/payments/receipts/usage-upkeep.js';
import type { TestGateway } from './gateway.js';
import { until } from './until.js';

/** For receipts that a test has moved in time: usage is summed up from the beginning again. */
export async function forgetUsageSums(pool: Pool): Promise<void> {
  await pool.query(
    `UPDATE usage_progress SET summed_until = '-infinity'; TRUNCATE usage_days, usage_awaited`,
  );
}

/** Until there are so many sums: a run that finds the gateway's own one at work leaves all to that. */
export async function sumUsageUp({ app, pool }: TestGateway, sums: number): Promise<void> {
  await until(async () => {
    await app.get(UsageUpkeep).sumUp(new AbortController().signal);
    return (await pool.query('SELECT FROM usage_days')).rowCount === sums;
  });
}
