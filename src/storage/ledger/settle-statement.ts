import type { Pool } from 'pg';
import type { Settlement, SettlementResult } from '../../payments/ledger.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns } from '../records/record-columns.js';

interface SettleRow {
  readonly ordinal: number;
  readonly outcome: 'settled' | 'repeated' | 'ended_before';
  readonly final_amount: string;
  readonly overrun: string;
}

const TEXT = `SELECT * FROM settle_holds($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`;

const STORING = finishingRecords(TEXT, 18);

/** The second of the two statements of a paid call. `sweep`: on behalf of a process that died. */
export async function settleHolds(
  pool: Pool,
  settlements: readonly Settlement[],
  { sweep }: { readonly sweep: boolean },
): Promise<readonly SettlementResult[]> {
  const records = endColumns(settlements);
  const { rows } = await pool.query<SettleRow>({
    ...(records.isEmpty
      ? { name: 'settle_holds', text: TEXT }
      : { name: 'settle_holds_and_store', text: STORING }),
    values: [
      sweep,
      settlements.map(({ holdId }) => holdId),
      settlements.map(({ keyId }) => keyId),
      settlements.map(({ accountId }) => accountId),
      settlements.map(({ requestId }) => requestId),
      settlements.map(({ responseId }) => responseId ?? null),
      settlements.map(({ idempotencyKey }) => idempotencyKey ?? null),
      settlements.map(({ receiptId }) => receiptId),
      settlements.map(({ network }) => network),
      settlements.map(({ meterSubject }) => meterSubject),
      settlements.map(({ provider }) => provider),
      settlements.map(({ charge }) => charge.providerAmount),
      settlements.map(({ charge }) => charge.platformFee),
      settlements.map(({ charge }) => JSON.stringify(charge.lineItems)),
      settlements.map(({ estimated }) => estimated),
      settlements.map(() => null),
      settlements.map(({ settledAtMs }) => new Date(settledAtMs)),
      ...(records.isEmpty ? [] : records.values),
    ],
  });
  const results = new Array<SettlementResult>(settlements.length);
  for (const row of rows) {
    results[row.ordinal - 1] = {
      outcome: row.outcome === 'ended_before' ? 'ended_before' : 'settled',
      finalAmount: BigInt(row.final_amount),
      overrun: BigInt(row.overrun),
    };
  }
  return results;
}
