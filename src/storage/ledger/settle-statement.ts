import type { ClientBase, Pool } from 'pg';
import { proofOf } from '../../base/money/receipt-proof.js';
import { storedLines } from '../../base/money/stored-lines.js';
import type { SettlementResult, SignedSettlement } from '../../payments/ledger.js';
import { inTransaction } from '../in-transaction.js';
import type { StatementOptions } from '../group-commit.js';
import { PATIENCE } from '../lock-wait.js';
import { correctAnswers, keptColumns, KEEPING_ANSWERS } from '../once/answer-columns.js';
import { finishingRecords } from '../records/finish-records.js';
import { endColumns, type Columns, type EndForm, type Placed } from '../records/record-columns.js';
import { CHARGED_ALONE, CHARGING_ALONE, chargeAloneValues } from './charge-alone.js';
import { StatementForms } from '../named-statement.js';
import { finishingSharded, KEEPING_SHARDED, SETTLED_ACCOUNTS } from '../sharding/record-parts.js';
import { textArray } from '../text-array.js';

interface SettleRow {
  readonly ordinal: number;
  readonly outcome: 'settled' | 'repeated' | 'ended_before';
  readonly final_amount: string;
  readonly overrun: string;
}

interface SettleOptions extends Pick<StatementOptions, 'lockWait'>, Placed {
  /** Whether this settles on behalf of a process that died. */
  readonly sweep: boolean;
}

const TEXT = `SELECT s.* FROM ${PATIENCE} CROSS JOIN LATERAL charge_holds(
  $sweep AND patience.set, $holdIds, $keyIds, $accountIds, $requestIds, $responseIds, $idempotencyKeys, $receiptIds,
  $networks, $meterSubjects, $providers, $providerAmounts, $platformFees, $lines, $estimated, $proofs,
  $settledAt) AS s`;

interface Form extends EndForm, Placed {
  /** Some calls are requests that run once, whose answers are kept. */
  readonly answers: boolean;
}

const STATEMENTS = new StatementForms<Form>('charge_holds', (form) =>
  form.records || form.answers ? finishing(TEXT, form) : TEXT,
);

const ALONE = new StatementForms<Form>('charge_holds_alone', (form) =>
  finishing(CHARGED_ALONE, form, CHARGING_ALONE),
);

function finishing(ended: string, form: Form, before: readonly string[] = []): string {
  if (!form.sharded) return finishingRecords(ended, form, form.answers ? KEEPING_ANSWERS : undefined, before);
  const also = form.answers ? KEEPING_SHARDED : undefined;
  return finishingSharded(ended, form, { accounts: SETTLED_ACCOUNTS, also, before });
}

/**
 * The second of the two statements of a paid call. The content of a receipt with an overrun is known only when its
 * statement has run. So if there may be an overrun, the signature, and the answer that shows it, are corrected before
 * anybody can see them. So is the receipt of a payment that has moved already.
 */
export function settleHolds(
  pool: Pool,
  settlements: readonly SignedSettlement[],
  options: SettleOptions,
): Promise<readonly SettlementResult[]> {
  return settlements.some(needsCorrection)
    ? inTransaction(pool, (client) => settleAndCorrect(client, settlements, options))
    : settle(pool, settlements, options).then((rows) => rows.map(resultOf));
}

/** Up to the amount of the hold, the ledger charges the whole price. It takes payments for not moved yet. */
function needsCorrection({ charge, held, payment }: SignedSettlement): boolean {
  return charge.providerAmount + charge.platformFee > held || payment?.transactionHash !== undefined;
}

async function settleAndCorrect(
  client: ClientBase,
  settlements: readonly SignedSettlement[],
  options: SettleOptions,
): Promise<readonly SettlementResult[]> {
  const rows = await settle(client, settlements, options);
  const results = rows.map(resultOf);
  const corrected = settlements.flatMap((settlement, index) => {
    const result = results[index];
    const isNew = rows[index]?.outcome === 'settled';
    if (!result || !isNew) return [];
    if (result.overrun > 0n) return [{ ...settlement, ...settlement.endWith(result) }];
    return settlement.payment?.transactionHash === undefined ? [] : [settlement];
  });
  if (corrected.length === 0) return results;
  await correctReceipts(client, corrected);
  await correctAnswers(client, corrected, options);
  return results;
}

/** Signs receipts with their overruns, and says of payments that they have moved; in the transaction that settled them. */
export async function correctReceipts(
  client: Pick<ClientBase, 'query'>,
  settlements: readonly Pick<SignedSettlement, 'receiptId' | 'signature' | 'payment'>[],
): Promise<void> {
  await client.query(
    `UPDATE receipts r
     SET proof = s.proof, tx_hash = s.tx_hash,
         settlement_status = CASE WHEN s.tx_hash IS NULL THEN r.settlement_status ELSE 'settled' END
     FROM unnest($1::text[], $2::bytea[], $3::text[]) AS s (receipt_id, proof, tx_hash) WHERE r.id = s.receipt_id`,
    [
      settlements.map(({ receiptId }) => receiptId),
      settlements.map(({ signature }) => proofOf(signature)),
      settlements.map(({ payment }) => payment?.transactionHash),
    ],
  );
}

/** @returns one row for each settlement, in their order. */
async function settle(
  database: Pick<ClientBase, 'query'>,
  settlements: readonly SignedSettlement[],
  { sweep, lockWait, sharded }: SettleOptions,
): Promise<readonly SettleRow[]> {
  const records = endColumns(settlements);
  const answers = settlements.some(({ idempotencyKey }) => idempotencyKey !== undefined);
  const form = { ...records.form, answers, sharded };
  const contentAccounts = (): Columns => ({
    contentAccounts: textArray(settlements.map(({ accountId }) => accountId)),
  });
  const besides = [
    { lockWait },
    records.values,
    ...(sharded ? [contentAccounts()] : []),
    ...(answers ? [keptColumns(settlements)] : []),
  ];
  const [alone, ...others] = settlements;
  if (alone && others.length === 0 && !sweep && !alone.payment && !needsCorrection(alone)) {
    const { rows } = await database.query<SettleRow>(
      ALONE.of(form).with(chargeAloneValues(alone), ...besides),
    );
    if (rows.length > 0) return rows;
  }
  const own = {
    sweep,
    holdIds: textArray(settlements.map(({ holdId }) => holdId)),
    keyIds: textArray(settlements.map(({ keyId }) => keyId)),
    accountIds: textArray(settlements.map(({ accountId }) => accountId)),
    requestIds: textArray(settlements.map(({ requestId }) => requestId)),
    responseIds: textArray(settlements.map(({ responseId }) => responseId)),
    idempotencyKeys: textArray(settlements.map(({ idempotencyKey }) => idempotencyKey)),
    receiptIds: textArray(settlements.map(({ receiptId }) => receiptId)),
    networks: textArray(settlements.map(({ network }) => network)),
    meterSubjects: textArray(settlements.map(({ meterSubject }) => meterSubject)),
    providers: textArray(settlements.map(({ provider }) => provider)),
    providerAmounts: settlements.map(({ charge }) => charge.providerAmount),
    platformFees: settlements.map(({ charge }) => charge.platformFee),
    lines: textArray(settlements.map(({ charge }) => storedLines(charge.lineItems))),
    estimated: settlements.map(({ estimated }) => estimated),
    proofs: settlements.map(({ signature }) => proofOf(signature)),
    settledAt: settlements.map(({ settledAtMs }) => new Date(settledAtMs)),
  };
  const { rows } = await database.query<SettleRow>(STATEMENTS.of(form).with(own, ...besides));
  return [...rows].sort((a, b) => a.ordinal - b.ordinal);
}

function resultOf(row: SettleRow): SettlementResult {
  return {
    outcome: row.outcome === 'ended_before' ? 'ended_before' : 'settled',
    finalAmount: BigInt(row.final_amount),
    overrun: BigInt(row.overrun),
  };
}
