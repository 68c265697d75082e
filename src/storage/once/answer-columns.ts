import type { ClientBase } from 'pg';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';
import type { HoldRequest, SignedSettlement } from '../../payments/ledger.js';
import { NamedStatement } from '../named-statement.js';
import type { Columns, Placed } from '../records/record-columns.js';
import { textArray } from '../text-array.js';

/** The parameters of `take_holds_once` that `take_holds` does not have. */
export function onceColumns(requests: readonly HoldRequest[]): Columns {
  return {
    fingerprints: requests.map(({ once }) => once?.fingerprint ?? null),
    ...answerColumns(requests.map(({ once }) => once?.accepted)),
  };
}

/** The parameters of `KEEPING_ANSWERS`. */
export function keptColumns(settlements: readonly SignedSettlement[]): Columns {
  const calls = settlements.flatMap(({ idempotencyKey, holdId, answer }, index) =>
    idempotencyKey === undefined ? [] : [{ call: index + 1, holdId, answer }],
  );
  return {
    answerCalls: calls.map(({ call }) => call),
    answerHolds: textArray(calls.map(({ holdId }) => holdId)),
    ...answerColumns(calls.map(({ answer }) => answer)),
  };
}

function answerColumns(answers: readonly (KeptAnswer | undefined)[]): Columns {
  return {
    answerKinds: textArray(answers.map((answer) => answer?.kind)),
    answerStatuses: answers.map((answer) => answer?.status ?? null),
    answerHeaders: textArray(answers.map((answer) => answer && JSON.stringify(answer.headers))),
    answerContents: textArray(answers.map((answer) => answer?.content)),
  };
}

/**
 * The part of a settling statement for calls that run once. An answer that is not given is lost. So is an answer
 * whose receipt the budget did not cover, until `correctAnswers`. An answer that the client has deleted meanwhile
 * stays deleted.
 */
export const KEEPING_ANSWERS = `kept AS (
  UPDATE idempotency_records o
  SET finished_at = now(), status = k.status, headers = k.headers::json,
      kind = coalesce(o.kind, CASE WHEN e.overrun <= 0 THEN k.kind END, 'lost'),
      content = CASE WHEN o.kind IS NULL AND e.overrun <= 0 THEN k.content END
  FROM unnest($answerCalls::int[], $answerHolds::text[], $answerKinds::text[], $answerStatuses::int[],
              $answerHeaders::text[], $answerContents::text[]) AS k (call, hold_id, kind, status, headers, content)
  JOIN ended e ON e.ordinal = k.call AND e.outcome = 'settled'
  WHERE o.hold_id = k.hold_id AND o.finished_at IS NULL)`;

const CORRECT_ANSWERS = new NamedStatement(
  'correct_answers',
  `UPDATE idempotency_records o
   SET kind = k.kind, status = k.status, headers = k.headers::json, content = k.content
   FROM unnest($answerHolds::text[], $answerKinds::text[], $answerStatuses::int[], $answerHeaders::text[],
               $answerContents::text[]) AS k (hold_id, kind, status, headers, content)
   WHERE o.hold_id = k.hold_id AND o.kind = 'lost'`,
);

const CORRECT_SHARDED = new NamedStatement(
  'correct_answers_sharded',
  `SELECT sharded.keep_answers(false, $answerAccounts::text[], array_fill(true, ARRAY[cardinality($answerAccounts::text[])]),
     $answerHolds::text[], $answerKinds::text[], $answerStatuses::int[], $answerHeaders::text[], $answerContents::text[])`,
);

/** Corrects the answers of settlements with an overrun, in the transaction that settled them. */
export async function correctAnswers(
  client: Pick<ClientBase, 'query'>,
  settlements: readonly SignedSettlement[],
  { sharded }: Placed,
): Promise<void> {
  const answered = settlements.filter(({ answer }) => answer);
  if (answered.length === 0) return;
  await client.query(
    (sharded ? CORRECT_SHARDED : CORRECT_ANSWERS).with({
      answerAccounts: textArray(answered.map(({ accountId }) => accountId)),
      answerHolds: textArray(answered.map(({ holdId }) => holdId)),
      ...answerColumns(answered.map(({ answer }) => answer)),
    }),
  );
}

/** The part of a releasing statement for calls that run once: a call that was not charged may run again. */
export const FORGETTING = `forgotten AS (
  DELETE FROM idempotency_records o USING ended
  WHERE o.hold_id = ANY ($holdIds) AND o.finished_at IS NULL)`;
