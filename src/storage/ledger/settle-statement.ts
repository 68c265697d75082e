import type { ClientBase, Pool } from 'pg';
import type { SettlementResult, SignedSettlement } from '../../payments/ledger.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns } from '../records/record-columns.js';
import { inTransaction } from '../in-transaction.js';

interface SettleRow {
  readonly ordinal: number;
  readonly outcome: 'settled' | 'repeated' | 'ended_before';
  readonly final_amount: string;
  readonly overrun: string;
}

interface SettleOptions {
  /** On behalf of a process that died. */
  readonly sweep: boolean;
}

const TEXT = `SELECT * FROM settle_holds($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`;

const STORING = finishingRecords(TEXT, 18);

/**
 * The second of the two statements of a paid call. What a receipt with an overrun says is known only when its statement
 * has run, so wherever there may be one its signature is corrected before anybody can see it.
 */
export function settleHolds(
  pool: Pool,
  settlements: readonly SignedSettlement[],
  options: SettleOptions,
): Promise<readonly SettlementResult[]> {
  return settlements.some(mayOverrun)
    ? inTransaction(pool, (client) => settleAndSignOverruns(client, settlements, options))
    : settle(pool, settlements, options).then((rows) => rows.map(resultOf));
}

/** The ledger always charges up to the amount of the hold. */
function mayOverrun({ charge, held }: SignedSettlement): boolean {
  return charge.providerAmount + charge.platformFee > held;
}

async function settleAndSignOverruns(
  client: ClientBase,
  settlements: readonly SignedSettlement[],
  options: SettleOptions,
): Promise<readonly SettlementResult[]> {
  const rows = await settle(client, settlements, options);
  const results = rows.map(resultOf);
  const changed = settlements.flatMap(({ receiptId, sign }, index) => {
    const result = results[index];
    return result && result.overrun > 0n && rows[index]?.outcome === 'settled'
      ? { receiptId, signature: sign(result) }
      : [];
  });
  if (changed.length > 0) {
    await client.query(
      `UPDATE receipts r SET signature = s.signature
       FROM unnest($1::text[], $2::text[]) AS s (receipt_id, signature) WHERE r.id = s.receipt_id`,
      [
        changed.map(({ receiptId }) => receiptId),
        await Promise.all(changed.map(({ signature }) => signature)),
      ],
    );
  }
  return results;
}

/** @returns one row for each settlement, in their order. */
async function settle(
  database: Pick<ClientBase, 'query'>,
  settlements: readonly SignedSettlement[],
  { sweep }: SettleOptions,
): Promise<readonly SettleRow[]> {
  const records = endColumns(settlements);
  const { rows } = await database.query<SettleRow>({
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
      settlements.map(({ signature }) => signature),
      settlements.map(({ settledAtMs }) => new Date(settledAtMs)),
      ...(records.isEmpty ? [] : records.values),
    ],
  });
  return [...rows].sort((a, b) => a.ordinal - b.ordinal);
}

function resultOf(row: SettleRow): SettlementResult {
  return {
    outcome: row.outcome === 'ended_before' ? 'ended_before' : 'settled',
    finalAmount: BigInt(row.final_amount),
    overrun: BigInt(row.overrun),
  };
}
