import type { QueryConfig } from 'pg';
import { wholeTokens } from '../../base/money/usage.js';
import type { HoldRequest } from '../../payments/ledger.js';
import { lives } from '../caller.js';
import { PATIENTLY, type LockWait } from '../lock-wait.js';
import { StatementForms } from '../named-statement.js';
import type { Placed, StartColumns, StartForm } from '../records/record-columns.js';
import { startingRecords } from '../records/start-records.js';
import { startingSharded } from '../sharding/record-parts.js';
import { textArray } from '../text-array.js';

/** When the request is over by the key's limit, were requests spread evenly: the arrival of the next one. */
const NEXT_ARRIVAL = `greatest(a.rate_arrival_at, clock_timestamp()) + make_interval(secs => 60.0 / a.rate_limit_rpm)`;

/**
 * `take_holds` for the usual call that comes alone: its key lets it through and has all that is wanted. That is one
 * update and one insert, for three fifths of what the function costs. Whoever gets no row from it, for whatever reason,
 * asks the function, which says why: what this lets through, `take_holds` grants with the same amount.
 */
function taking(isBounded: boolean): string {
  return `taken AS (
  UPDATE api_keys a
  SET budget_held = a.budget_held + $amount::bigint, open_holds = a.open_holds + 1, last_used_at = now(),
      rate_arrival_at = CASE WHEN a.rate_limit_rpm IS NOT NULL THEN ${NEXT_ARRIVAL} END
  WHERE ${PATIENTLY} AND a.key_hash = $keyHash::bytea AND ${lives('a')}
    AND (a.rate_limit_rpm IS NULL OR ${NEXT_ARRIVAL} <= clock_timestamp() + interval '60 seconds')
    AND (a.max_concurrent_requests IS NULL OR a.open_holds < a.max_concurrent_requests)
    AND (cardinality(a.allowed_models) = 0 OR $model::text = ANY (a.allowed_models))
    AND (a.budget_limit IS NULL OR a.budget_limit - a.budget_spent - a.budget_held >= $amount)
    AND EXISTS (SELECT FROM gateway_processes p WHERE p.id = $processId::text AND p.lease_expires_at > now())
    ${isBounded ? 'AND has_room(a.account_id, $addedBytes, $maxStoredBytes)' : ''}
  RETURNING a.id, a.account_id, a.chain_id, a.budget_limit, a.budget_spent, a.budget_held),
held AS (
  INSERT INTO holds (id, key_id, account_id, process_id, request_id, response_id, amount, input_tokens, terms)
  SELECT $holdId::text, t.id, t.account_id, $processId, $requestId::text, $responseId::text, $amount,
         $inputTokens::integer, $terms::json
  FROM taken t),
granted AS MATERIALIZED (
  SELECT 1 AS ordinal, 'granted' AS outcome, t.id AS key_id, t.account_id, t.chain_id, t.budget_limit, t.budget_spent,
         t.budget_held
  FROM taken t)`;
}

/** What is known already is not asked for: `pg` reads the description of each column with each answer. */
const COLUMNS = ['key_id', 'account_id', 'chain_id', 'budget_limit', 'budget_spent', 'budget_held']
  .map((name) => `granted.${name}`)
  .join(', ');

const STATEMENTS = new StatementForms<StartForm & Placed>('take_holds_alone', (form) => {
  const starting = form.sharded ? startingSharded(form) : startingRecords(form);
  const read = form.sharded && form.stores ? ' CROSS JOIN started' : '';
  return `WITH ${[taking(form.stores), ...starting].join(',\n')}\nSELECT ${COLUMNS} FROM granted${read}`;
});

type Bounds = {
  readonly sharded: boolean;
  readonly lockWait: LockWait;
  readonly maxStoredBytes: number;
  readonly addedBytes: number | null;
};

/** For a request of a key that does not run once, and has not been counted. */
export function takingAlone(
  processId: string,
  { payer, ...request }: HoldRequest,
  { form, values }: StartColumns,
  bounds: Bounds,
): QueryConfig {
  const own = {
    processId,
    keyHash: payer.hash,
    amount: request.wanted,
    model: request.model,
    holdId: request.holdId,
    requestId: request.requestId,
    responseId: request.responseId,
    inputTokens: wholeTokens(request.inputTokens),
    terms: JSON.stringify(request.terms),
    holdIds: textArray([request.holdId]),
    requestIds: textArray([request.requestId]),
  };
  return STATEMENTS.of({ ...form, sharded: bounds.sharded }).with(own, bounds, values);
}
