import { noteStored } from './note-stored.js';
import type { StartForm } from './record-columns.js';

/**
 * The parts that a statement which takes holds adds for stored calls, for the holds that are granted: `granted`, a part
 * before them, has the columns `ordinal`, `outcome`, `account_id` and `key_id`.
 */
export function startingRecords({ stores, locks }: StartForm): readonly string[] {
  return [...(stores ? [STORING] : []), ...(locks ? [LOCKING] : [])];
}

/** `$holdIds` and `$requestIds` are those of all calls of the batch. */
const STORING = `started AS (
  SELECT r.*, g.account_id, g.key_id
  FROM unnest($recordCalls::int[], $recordIds::text[], $statuses::text[], $recordModels::text[], $previousResponses::text[],
              $conversations::text[], $background::boolean[], $streamed::boolean[], $requests::text[], $envelopes::text[],
              $createdAt::timestamptz[], $recordBytes::bigint[])
    AS r (call, id, status, model, previous_response_id, conversation_id, background, streamed, request, envelope, created_at, bytes)
  JOIN granted g ON g.ordinal = r.call AND g.outcome = 'granted'),
records AS (
  INSERT INTO responses (id, account_id, status, model, previous_response_id, conversation_id, background, streamed,
                         hold_id, key_id, request_id, process_id, request, envelope, created_at, stored_bytes)
  SELECT s.id, s.account_id, s.status, s.model, s.previous_response_id, s.conversation_id, s.background, s.streamed,
         ($holdIds::text[])[s.call], s.key_id, ($requestIds::text[])[s.call], $processId, s.request::json,
         s.envelope::json, s.created_at, s.bytes
  FROM started s ON CONFLICT (id) DO NOTHING RETURNING account_id, stored_bytes AS bytes),
items AS (
  INSERT INTO response_items (response_id, direction, position, account_id, item_id, item)
  SELECT s.id, 0, i.position, s.account_id, i.item_id, i.item::json
  FROM unnest($itemCalls::int[], $itemPositions::int[], $itemIds::text[], $items::text[])
    AS i (call, position, item_id, item)
  JOIN started s ON s.call = i.call ON CONFLICT DO NOTHING),
stored AS (
  ${noteStored('records f')})`;

/** From here on the lock of a conversation lasts as long as the hold. */
const LOCKING = `locks AS (
  UPDATE conversations c SET locked_until = now(), locked_for = NULL
  FROM unnest($lockCalls::int[], $lockedConversations::text[], $lockHolders::text[])
    AS l (call, conversation_id, response_id)
  JOIN granted g ON g.ordinal = l.call AND g.outcome = 'granted'
  WHERE c.id = l.conversation_id AND c.locked_by = l.response_id)`;
