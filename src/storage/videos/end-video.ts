import type { ClientBase, Pool } from 'pg';
import { proofOf } from '../../base/money/receipt-proof.js';
import { storedLines } from '../../base/money/stored-lines.js';
import type { VideoError } from '../../videos/domain/video-job.js';
import type { VideoResult, SignedVideo } from '../../videos/video-store.js';
import { inTransaction } from '../in-transaction.js';
import { correctReceipts } from '../ledger/settle-statement.js';

/**
 * Every statement here ends jobs and their holds together. The row of the job decides which statement comes first,
 * and only that one gets to the ledger.
 */
const ENDED = `finished_at = now(), next_poll_at = NULL, poller_id = NULL, poller_until = NULL`;

/** Charges for a video. @returns false when the job had ended before. */
export function completeVideo(
  pool: Pool,
  id: string,
  settlement: SignedVideo,
  result: VideoResult,
): Promise<boolean> {
  if (settlement.payment?.transactionHash === undefined) return complete(pool, id, settlement, result);
  return inTransaction(pool, async (client) => {
    const isNow = await complete(client, id, settlement, result);
    if (isNow) await correctReceipts(client, [settlement]);
    return isNow;
  });
}

async function complete(
  database: Pick<ClientBase, 'query'>,
  id: string,
  { receiptId, network, meterSubject, charge, settledAtMs, signature }: SignedVideo,
  { content, expiresAtMs }: VideoResult,
): Promise<boolean> {
  const { rows } = await database.query({
    name: 'complete_video',
    text: `
WITH ended AS MATERIALIZED (
  UPDATE videos SET status = 'completed', progress = 100, content = $2::json, expires_at = $3, ${ENDED}
  WHERE id = $1 AND finished_at IS NULL RETURNING id, hold_id, key_id, account_id, request_id, provider)
SELECT s.outcome FROM ended e CROSS JOIN LATERAL charge_holds(
  false, ARRAY[e.hold_id], ARRAY[e.key_id], ARRAY[e.account_id], ARRAY[e.request_id], ARRAY[e.id],
  ARRAY[NULL]::text[], ARRAY[$4::text], ARRAY[$5::text], ARRAY[$6::text], ARRAY[e.provider],
  ARRAY[$7::bigint], ARRAY[$8::bigint], ARRAY[$9::text], ARRAY[false], ARRAY[$10::bytea], ARRAY[$11::timestamptz]) s`,
    values: [
      id,
      content === undefined ? null : JSON.stringify(content),
      expiresAtMs === undefined ? null : new Date(expiresAtMs),
      receiptId,
      network,
      meterSubject,
      charge.providerAmount,
      charge.platformFee,
      storedLines(charge.lineItems),
      proofOf(signature),
      new Date(settledAtMs),
    ],
  });
  return rows.length === 1;
}

/** @param state the condition on a row that may fail */
function failing(state: string): string {
  return `
WITH ended AS MATERIALIZED (
  UPDATE videos SET status = 'failed', error = $2::json, ${ENDED}
  WHERE id = $1 AND ${state} RETURNING hold_id, key_id)
SELECT release_holds(ARRAY[e.hold_id], ARRAY[e.key_id]) FROM ended e`;
}

/** Charges nothing. @returns false when the job had ended before. */
export async function failVideo(pool: Pool, id: string, error: VideoError): Promise<boolean> {
  const { rows } = await pool.query({
    name: 'fail_video',
    text: failing('finished_at IS NULL'),
    values: [id, JSON.stringify(error)],
  });
  return rows.length === 1;
}

/** Charges nothing. @returns false when the process no longer submits the job, or the job was accepted. */
export async function failSubmission(
  pool: Pool,
  processId: string,
  id: string,
  error: VideoError,
): Promise<boolean> {
  const { rows } = await pool.query({
    name: 'fail_submission',
    text: failing(`status = 'submitting' AND process_id = $3`),
    values: [id, JSON.stringify(error), processId],
  });
  return rows.length === 1;
}

/** Deletes a job that the process submits and no upstream has begun; its request may run again. */
export async function withdrawVideo(pool: Pool, processId: string, id: string): Promise<void> {
  await pool.query({
    name: 'withdraw_video',
    text: `
WITH gone AS MATERIALIZED (
  DELETE FROM videos WHERE id = $1 AND status = 'submitting' AND process_id = $2 RETURNING hold_id, key_id),
released AS MATERIALIZED (
  SELECT g.hold_id, release_holds(ARRAY[g.hold_id], ARRAY[g.key_id]) FROM gone g)
DELETE FROM idempotency_records o USING released r WHERE o.hold_id = r.hold_id`,
    values: [id, processId],
  });
}
