import type { EndForm, StartForm } from '../records/record-columns.js';

/** Parameters of a function, or nulls where the statement has none of them. */
function args(areThere: boolean, list: string): string {
  return areThere ? list : list.replaceAll(/\$\w+/g, 'NULL');
}

/**
 * As `startingRecords`, where content is sharded: one part, which is named `started` and has one row. The statement has to
 * read it, or it does not run.
 */
export function startingSharded({ stores, locks }: StartForm): readonly string[] {
  if (!stores) return [];
  return [
    `started AS MATERIALIZED (
  SELECT sharded.start_records(array_agg(g.ordinal), array_agg(g.account_id), array_agg(g.key_id), $processId::text,
    $holdIds::text[], $requestIds::text[], $recordCalls::int[], $recordIds::text[], $statuses::text[],
    $recordModels::text[], $previousResponses::text[], $conversations::text[], $background::boolean[],
    $streamed::boolean[], $requests::text[], $envelopes::text[], $createdAt::timestamptz[], $recordBytes::bigint[],
    $itemCalls::int[], $itemPositions::int[], $itemIds::text[], $items::text[],
    ${args(locks, '$lockCalls::int[], $lockedConversations::text[], $lockHolders::text[]')}) AS done
  FROM granted g WHERE g.outcome = 'granted')`,
  ];
}

/**
 * As `finishingRecords`, where content is sharded.
 *
 * @param accounts an expression: whose the calls are, in their order
 * @param also a further part, with one row
 */
export function finishingSharded(
  ended: string,
  { records, logs, conversations }: EndForm,
  {
    accounts,
    also,
    before,
  }: { readonly accounts: string; readonly also?: string | undefined; readonly before: readonly string[] },
): string {
  const parts = [
    ...before,
    `ended AS MATERIALIZED (${ended})`,
    ...(records ? [finished(accounts, logs, conversations)] : []),
    ...(also === undefined ? [] : [also]),
  ];
  const read = [...(records ? ['finished'] : []), ...(also === undefined ? [] : ['kept'])];
  return `WITH ${parts.join(',\n')}\nSELECT e.* FROM ${['ended e', ...read].join(' CROSS JOIN ')}`;
}

function finished(accounts: string, logs: boolean, conversations: boolean): string {
  return `finished AS MATERIALIZED (
  SELECT sharded.finish_records((SELECT count(*) FROM ended), ${accounts}, $recordCalls::int[], $recordIds::text[],
    $statuses::text[], $envelopes::text[], $chats::text[], $chatMetadata::text[], $recordBytes::bigint[],
    $itemCalls::int[], $itemPositions::int[], $itemIds::text[], $items::text[],
    ${args(logs, '$eventCalls::int[], $eventNumbers::int[], $eventTypes::text[], $events::text[]')},
    ${args(
      conversations,
      '$lockCalls::int[], $lockedConversations::text[], $lockHolders::text[], $outputSizes::int[], $appends::boolean[], $transient::boolean[]',
    )}) AS done)`;
}

/** The accounts of the calls that are settled, and of those that are released. */
export const SETTLED_ACCOUNTS = '$contentAccounts::text[]';
export const RELEASED_ACCOUNTS = `(SELECT array_agg(k.account_id ORDER BY u.place)
    FROM unnest($keyIds::text[]) WITH ORDINALITY AS u (id, place) LEFT JOIN api_keys k ON k.id = u.id)`;

/** As `KEEPING_ANSWERS`, where content is sharded. */
export const KEEPING_SHARDED = `kept AS MATERIALIZED (
  SELECT sharded.keep_answers(true, array_agg((${SETTLED_ACCOUNTS})[k.call] ORDER BY k.place),
    array_agg(CASE WHEN e.outcome = 'settled' THEN e.overrun <= 0 END ORDER BY k.place), array_agg(k.hold_id ORDER BY k.place),
    array_agg(k.kind ORDER BY k.place), array_agg(k.status ORDER BY k.place), array_agg(k.headers ORDER BY k.place),
    array_agg(k.content ORDER BY k.place)) AS done
  FROM unnest($answerCalls::int[], $answerHolds::text[], $answerKinds::text[], $answerStatuses::int[],
              $answerHeaders::text[], $answerContents::text[]) WITH ORDINALITY
    AS k (call, hold_id, kind, status, headers, content, place)
  LEFT JOIN ended e ON e.ordinal = k.call)`;

/** As `FORGETTING`, where content is sharded. */
export const FORGETTING_SHARDED = `kept AS MATERIALIZED (
  SELECT count(sharded.forget_once(u.account, u.hold_id, false)) AS done
  FROM (SELECT h.hold_id, k.account_id AS account
        FROM unnest($holdIds::text[], $keyIds::text[]) AS h (hold_id, key_id) JOIN api_keys k ON k.id = h.key_id
        WHERE (SELECT count(*) FROM ended) >= 0) AS u)`;
