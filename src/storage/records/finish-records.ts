import { noteStored } from './note-stored.js';
import type { EndForm } from './record-columns.js';

/**
 * The parts that a statement which ends holds adds for stored calls. `ended` is a part which has the columns
 * `ordinal` and `outcome`; `form` says which of the parameters of `endColumns` there are; `also` is a further part, and `before` come before `ended`. A
 * record that has ended keeps its end.
 *
 * A conversation takes items only from the call that has its lock, and the lock ends with that: writing the same end
 * again adds nothing. The input of a stored call is there already; the input of other calls comes with their output.
 */
export function finishingRecords(
  ended: string,
  { records, logs, conversations }: EndForm,
  also?: string,
  before: readonly string[] = [],
): string {
  const parts = [
    ...before,
    `ended AS MATERIALIZED (${ended})`,
    ...(records ? [FINISHED] : []),
    ...(logs ? [LOGGED] : []),
    ...(conversations ? [APPENDED] : []),
    ...(also === undefined ? [] : [also]),
  ];
  return `WITH ${parts.join(',\n')}\nSELECT * FROM ended`;
}

const ITEMS = `unnest($itemCalls::int[], $itemPositions::int[], $itemIds::text[], $items::text[])
    AS i (call, position, item_id, item)`;

const FINISHED = `finished AS (
  UPDATE responses r
  SET status = e.status, finished_at = now(), last_used_at = now(), request = NULL,
      envelope = CASE WHEN r.deleted_at IS NULL THEN e.envelope::json END,
      chat = CASE WHEN r.deleted_at IS NULL THEN e.chat::json END,
      chat_metadata = CASE WHEN r.deleted_at IS NULL AND e.chat IS NOT NULL
                           THEN ARRAY (SELECT json_array_elements_text(e.chat_metadata::json)) END,
      stored_bytes = r.stored_bytes + CASE WHEN r.deleted_at IS NULL THEN e.bytes ELSE 0 END
  FROM unnest($recordCalls::int[], $recordIds::text[], $statuses::text[], $envelopes::text[], $chats::text[],
              $chatMetadata::text[], $recordBytes::bigint[])
    AS e (call, id, status, envelope, chat, chat_metadata, bytes)
  WHERE r.id = e.id AND r.finished_at IS NULL
  RETURNING e.call, r.id, r.account_id, r.deleted_at, e.bytes),
stored AS (
  ${noteStored('finished f', 'WHERE f.deleted_at IS NULL')}),
items AS (
  INSERT INTO response_items (response_id, direction, position, account_id, item_id, item)
  SELECT f.id, 1, i.position, f.account_id, i.item_id, i.item::json
  FROM ${ITEMS} JOIN finished f ON f.call = i.call WHERE f.deleted_at IS NULL ON CONFLICT DO NOTHING)`;

const LOGGED = `events AS (
  INSERT INTO response_events (response_id, account_id, sequence_number, type, event)
  SELECT f.id, f.account_id, v.sequence_number, v.type, v.event::json
  FROM unnest($eventCalls::int[], $eventNumbers::int[], $eventTypes::text[], $events::text[])
    AS v (call, sequence_number, type, event)
  JOIN finished f ON f.call = v.call WHERE f.deleted_at IS NULL ON CONFLICT DO NOTHING)`;

const APPENDED = `unlocked AS (
  UPDATE conversations c
  SET locked_by = NULL, locked_until = NULL, last_used_at = now(), next_item = c.next_item + l.inputs + l.size
  FROM (
    SELECT e.*, (SELECT count(*)::int FROM response_items i WHERE i.response_id = e.id AND i.direction = 0) AS inputs
    FROM unnest($lockCalls::int[], $lockedConversations::text[], $lockHolders::text[], $outputSizes::int[],
                $appends::boolean[], $transient::boolean[])
      AS e (call, conversation_id, id, size, appends, transient)) AS l
  WHERE c.id = l.conversation_id AND c.locked_by = l.id AND c.deleted_at IS NULL
  RETURNING l.call, l.id, c.id AS conversation_id, c.account_id, l.inputs, c.next_item - l.inputs - l.size AS first,
            l.appends, l.transient),
appending AS (
  SELECT * FROM unlocked u
  WHERE u.appends AND (u.transient OR EXISTS (SELECT FROM finished f WHERE f.call = u.call))),
appended AS (
  INSERT INTO conversation_items (conversation_id, position, account_id, item_id, item)
  SELECT a.conversation_id, a.first + i.position, a.account_id, i.item_id, i.item
  FROM appending a JOIN response_items i ON i.response_id = a.id AND i.direction = 0
  UNION ALL
  SELECT a.conversation_id, a.first + a.inputs + i.position, a.account_id, i.item_id, i.item::json
  FROM ${ITEMS} JOIN appending a ON a.call = i.call
  ON CONFLICT DO NOTHING)`;
