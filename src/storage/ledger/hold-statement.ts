import type { Pool } from 'pg';
import type { HoldGrant, HoldRefusal, HoldRequest, RefusalReason } from '../../payments/ledger.js';

interface HoldRow {
  readonly ordinal: number;
  readonly outcome: 'granted' | RefusalReason;
  readonly key_id: string;
  readonly account_id: string;
  readonly chain_id: number | null;
  readonly granted: string;
  readonly budget_limit: string | null;
  readonly budget_spent: string;
  readonly budget_held: string;
  readonly required: string;
  readonly retry_after_ms: number | null;
}

const TEXT = `SELECT * FROM take_holds($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;

/** The first of the two statements of a paid call. */
export async function takeHolds(
  pool: Pool,
  processId: string,
  requests: readonly HoldRequest[],
  { retry }: { readonly retry: boolean },
): Promise<readonly (HoldGrant | HoldRefusal)[]> {
  const { rows } = await pool.query<HoldRow>({
    name: 'take_holds',
    text: TEXT,
    values: [
      processId,
      retry,
      requests.map(({ holdId }) => holdId),
      requests.map(({ keyHash }) => keyHash),
      requests.map(({ model }) => model),
      requests.map(({ wanted }) => wanted),
      requests.map(({ minimum }) => minimum),
      requests.map(({ requestId }) => requestId),
      requests.map(({ responseId }) => responseId ?? null),
      requests.map(({ idempotencyKey }) => idempotencyKey ?? null),
      requests.map(({ inputTokens }) => inputTokens),
      requests.map(({ terms }) => JSON.stringify(terms)),
    ],
  });
  const answers = new Array<HoldGrant | HoldRefusal>(requests.length).fill(UNKNOWN_KEY);
  for (const row of rows) answers[row.ordinal - 1] = answerOf(row);
  return answers;
}

const UNKNOWN_KEY: HoldRefusal = {
  reason: 'unknown_key',
  required: 0n,
  remaining: 0n,
  retryAfterMs: undefined,
};

function answerOf(row: HoldRow): HoldGrant | HoldRefusal {
  const limit = row.budget_limit === null ? null : BigInt(row.budget_limit);
  const spent = BigInt(row.budget_spent);
  const held = BigInt(row.budget_held);
  if (row.outcome !== 'granted') {
    const free = limit === null ? 0n : limit - spent - held;
    return {
      reason: row.outcome,
      required: BigInt(row.required),
      remaining: free > 0n ? free : 0n,
      retryAfterMs: row.retry_after_ms ?? undefined,
    };
  }
  return {
    keyId: row.key_id,
    accountId: row.account_id,
    chainId: row.chain_id,
    amount: BigInt(row.granted),
    budget: { limit, spent, held },
  };
}
