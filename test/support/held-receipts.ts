import type { Pool } from 'pg';
import { until } from './until.js';

const WAITS = `
  CREATE OR REPLACE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
  CREATE TRIGGER waits BEFORE UPDATE ON receipts FOR EACH STATEMENT EXECUTE FUNCTION waits()`;

/** Of payments whose transfer the books have, and whose receipt does not say so yet. */
export const MOVED_WITHOUT_RECEIPT = `FROM x402_payments p JOIN receipts r ON r.hold_id = p.hold_id
  WHERE p.state = 'settled' AND r.settlement_status = 'pending'`;

/** Whoever changes a receipt waits. @returns what ends that */
export async function holdReceipts(pool: Pool): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('SELECT pg_advisory_lock(1)');
  await client.query(WAITS);
  return async () => {
    await client.query('SELECT pg_advisory_unlock(1)');
    await client.query('DROP TRIGGER waits ON receipts');
    client.release();
  };
}

/** Resolves when the books have the transfer of a payment, and its receipt does not say so yet. */
export function untilMovedWithoutReceipt(pool: Pool): Promise<void> {
  return until(async () => ((await pool.query(`SELECT ${MOVED_WITHOUT_RECEIPT}`)).rowCount ?? 0) > 0);
}
