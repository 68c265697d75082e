import type { Pool } from 'pg';
import { wholeTokens } from '../../base/money/usage.js';
import type { HoldGrant, HoldRefusal, HoldRequest, RefusalReason } from '../../payments/ledger.js';
import type { StatementOptions } from '../group-commit.js';
import { PATIENCE } from '../lock-wait.js';
import { onceColumns } from '../once/answer-columns.js';
import { takingAlone } from './hold-alone.js';
import { givingBack, withLimits } from './key-limits.js';
import { startColumns, weightOf, type Placed } from '../records/record-columns.js';
import { startingRecords } from '../records/start-records.js';
import { StatementForms } from '../named-statement.js';
import { startingSharded } from '../sharding/record-parts.js';
import { textArray } from '../text-array.js';
import { paymentJson } from '../x402/payment-json.js';

interface GrantRow {
  readonly key_id: string;
  readonly account_id: string;
  readonly chain_id: number | null;
  readonly budget_limit: string | null;
  readonly budget_spent: string;
  readonly budget_held: string;
}

export interface HoldRow extends GrantRow {
  readonly ordinal: number;
  readonly outcome: 'granted' | RefusalReason;
  readonly granted: string;
  readonly required: string;
  readonly retry_after_ms: number | null;
  readonly key_limit: number | null;
  /** The ordinal of a call that is not let through: its account has no room. All other columns are null then. */
  readonly full_ordinal?: number | null;
}

interface HoldOptions extends StatementOptions, Placed {
  readonly maxStoredBytes: number;
}

const CALL_PARAMETERS = `$models, $wanted, $minimums, $requestIds, $responseIds, $idempotencyKeys, $inputTokens, $terms`;
const ONCE_PARAMETERS = `$fingerprints, $answerKinds, $answerStatuses, $answerHeaders, $answerContents`;

/** @param hashes of the keys, in the order of the calls */
function taking(form: Form, hashes: string): string {
  const [before, isNext] = form.counted ? [' CROSS JOIN given_back', ' AND given_back.done'] : ['', ''];
  const [call, last] = callOf(form);
  return `SELECT h.* FROM ${PATIENCE}${before} CROSS JOIN LATERAL ${call}(
  $processId, $retry AND patience.set${isNext}, $holdIds, ${hashes}, ${CALL_PARAMETERS}${last}) AS h`;
}

function callOf({ wallet, once }: Form): readonly [name: string, lastParameters: string] {
  if (wallet) return ['take_x402_hold', `, ${ONCE_PARAMETERS}, $payment`];
  return once ? ['take_holds_once', `, ${ONCE_PARAMETERS}`] : ['take_holds', ''];
}

/**
 * For batches that store something. A call that adds bytes to an account without room for them is not let through:
 * `take_holds` does not see its key, and `full_ordinal` has its place. `$addedBytes` is null for a call that stores
 * nothing; `$maxStoredBytes` bounds accounts that have no bound of their own.
 */
function withinBounds(form: Form): string {
  return `checked AS MATERIALIZED (SELECT * FROM find_room($keyHashes, $addedBytes, $maxStoredBytes)),
granted AS MATERIALIZED (${taking(form, HASHES_LET_THROUGH)}),
answers AS (
  SELECT g.*, c.ordinal AS full_ordinal
  FROM granted g FULL JOIN (SELECT ordinal FROM checked WHERE is_full) AS c ON c.ordinal = g.ordinal)`;
}

const HASHES_LET_THROUGH = `(SELECT array_agg(CASE WHEN NOT c.is_full THEN c.hash END ORDER BY c.ordinal) FROM checked c)`;

interface Form extends Placed {
  readonly once: boolean;
  readonly stores: boolean;
  /** Some calls run on a conversation. */
  readonly locks: boolean;
  /** Some requests of the batch were counted when their keys were looked up. */
  readonly counted: boolean;
  /** It is one request, which a wallet pays for. */
  readonly wallet: boolean;
}

const STATEMENTS = new StatementForms<Form>('take_holds', textOf);

function textOf(form: Form): string {
  const isBounded = form.once || form.stores;
  const parts = [
    ...(form.counted ? [givingBack('$keyHashes', '$countedHashes')] : []),
    ...(isBounded ? [withinBounds(form)] : []),
    ...(form.sharded ? startingSharded(form) : startingRecords(form)),
  ];
  const read = form.sharded && form.stores ? ' CROSS JOIN started' : '';
  const answers = withLimits(isBounded ? 'answers' : `(${taking(form, '$keyHashes')})`) + read;
  return parts.length === 0 ? answers : `WITH ${parts.join(',\n')}\n${answers}`;
}

/** The first of the two statements of a paid call. A request that a wallet pays for comes alone. */
export async function takeHolds(
  pool: Pool,
  processId: string,
  requests: readonly HoldRequest[],
  { retry, lockWait, maxStoredBytes, sharded }: HoldOptions,
): Promise<readonly (HoldGrant | HoldRefusal)[]> {
  const records = startColumns(requests);
  const once = requests.some((request) => request.once);
  const counted = requests.filter((request) => request.counted).map(({ payer }) => payer.hash);
  const payment = requests[0]?.payment;
  const form = { ...records.form, sharded, once, counted: counted.length > 0, wallet: payment !== undefined };
  const [alone, ...others] = requests;
  const isUsual = !retry && !form.once && !form.counted && !form.wallet;
  if (alone && others.length === 0 && isUsual && alone.wanted >= alone.minimum) {
    const bounds = { lockWait, maxStoredBytes, sharded, addedBytes: addedBytes(alone) };
    const { rows } = await pool.query<GrantRow>(takingAlone(processId, alone, records, bounds));
    if (rows[0]) return [grantOf(rows[0], alone.wanted)];
  }
  const { rows } = await pool.query<HoldRow>(
    STATEMENTS.of(form).with({
      lockWait,
      processId,
      retry,
      holdIds: textArray(requests.map(({ holdId }) => holdId)),
      keyHashes: requests.map(({ payer }) => payer.hash),
      models: textArray(requests.map(({ model }) => model)),
      wanted: requests.map(({ wanted }) => wanted),
      minimums: requests.map(({ minimum }) => minimum),
      requestIds: textArray(requests.map(({ requestId }) => requestId)),
      responseIds: textArray(requests.map(({ responseId }) => responseId)),
      idempotencyKeys: textArray(requests.map((request) => request.once?.key)),
      inputTokens: requests.map(({ inputTokens }) => wholeTokens(inputTokens)),
      terms: textArray(requests.map(({ terms }) => JSON.stringify(terms))),
      countedHashes: counted,
      ...(payment ? { payment: paymentJson(payment) } : {}),
      ...(once ? onceColumns(requests) : {}),
      ...(once || form.stores ? { addedBytes: requests.map(addedBytes), maxStoredBytes } : {}),
      ...records.values,
    }),
  );
  const answers = new Array<HoldGrant | HoldRefusal>(requests.length).fill(UNKNOWN_KEY);
  for (const row of rows) {
    if (row.full_ordinal) answers[row.full_ordinal - 1] = STORAGE_FULL;
    else answers[row.ordinal - 1] = answerOf(row);
  }
  return answers;
}

/** Bytes that a call stores as far as is known before it runs; null when it stores nothing. */
function addedBytes({ record, once }: HoldRequest): number | null {
  return record || once ? Math.max(1, weightOf(record, once?.accepted)) : null;
}

export const UNKNOWN_KEY: HoldRefusal = refused('unknown_key');
export const STORAGE_FULL: HoldRefusal = refused('storage_full');

function refused(reason: RefusalReason): HoldRefusal {
  return { reason, required: 0n, remaining: 0n, retryAfterMs: undefined };
}

export function answerOf(row: HoldRow): HoldGrant | HoldRefusal {
  if (row.outcome !== 'granted') {
    const { limit, spent, held } = budgetOf(row);
    const free = limit === null ? 0n : limit - spent - held;
    return {
      reason: row.outcome,
      required: BigInt(row.required),
      remaining: free > 0n ? free : 0n,
      retryAfterMs: row.retry_after_ms ?? undefined,
      limit: row.key_limit ?? undefined,
    };
  }
  return grantOf(row, BigInt(row.granted));
}

function grantOf(row: GrantRow, amount: bigint): HoldGrant {
  return {
    keyId: row.key_id,
    accountId: row.account_id,
    chainId: row.chain_id,
    amount,
    budget: budgetOf(row),
  };
}

function budgetOf(row: GrantRow): HoldGrant['budget'] {
  return {
    limit: row.budget_limit === null ? null : BigInt(row.budget_limit),
    spent: BigInt(row.budget_spent),
    held: BigInt(row.budget_held),
  };
}
