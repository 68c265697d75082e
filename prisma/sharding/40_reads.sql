-- What the statements of src/storage/responses read of one account, in a form that Citus sends to one shard whole.

-- See src/storage/responses/context-query.ts, which orders and bounds what this finds.
CREATE OR REPLACE FUNCTION sharded.read_context(
  p_account text, p_previous text, p_conversation text, p_item_ids text[], p_most_bytes bigint, p_most_items bigint
) RETURNS TABLE (
  kind text, status text, item_id text, item json, depth integer, direction integer, is_too_large boolean
) LANGUAGE plpgsql ROWS 10 AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE chain AS (
    SELECT r.id, r.previous_response_id, r.status, 0 AS depth FROM responses r
    WHERE r.account_id = p_account AND r.id = p_previous AND r.deleted_at IS NULL
    UNION ALL
    SELECT p.id, p.previous_response_id, p.status, c.depth + 1
    FROM chain c JOIN responses p ON p.account_id = p_account AND p.id = c.previous_response_id),
  found AS MATERIALIZED (
    SELECT 'parent' AS kind, c.status, NULL::text AS item_id, NULL::json AS item, 0 AS depth, 0 AS direction, 0 AS position
    FROM chain c WHERE c.depth = 0
    UNION ALL
    SELECT 'conversation', NULL, NULL, NULL, 0, 0, 0 FROM conversations v
    WHERE v.account_id = p_account AND v.id = p_conversation AND v.deleted_at IS NULL
    UNION ALL
    SELECT 'history', NULL, i.item_id, i.item, 0, 0, i.position
    FROM conversations v JOIN conversation_items i ON i.account_id = p_account AND i.conversation_id = v.id
    WHERE v.account_id = p_account AND v.id = p_conversation AND v.deleted_at IS NULL
    UNION ALL
    SELECT 'history', NULL, i.item_id, i.item, c.depth, i.direction, i.position
    FROM chain c JOIN response_items i ON i.account_id = p_account AND i.response_id = c.id
    UNION ALL
    SELECT 'item', NULL, i.item_id, i.item, 0, i.direction, i.position
    FROM response_items i WHERE i.account_id = p_account AND i.item_id = ANY (p_item_ids)
    UNION ALL
    SELECT 'item', NULL, i.item_id, i.item, 0, 0, i.position
    FROM conversation_items i WHERE i.account_id = p_account AND i.item_id = ANY (p_item_ids)),
  size AS (
    SELECT coalesce(sum(octet_length(f.item::text)), 0) > p_most_bytes OR count(f.item) > p_most_items AS is_too_large
    FROM found f)
  SELECT f.kind, f.status, f.item_id, CASE WHEN NOT s.is_too_large THEN f.item END, f.depth, f.direction::integer,
         s.is_too_large
  FROM found f, size s ORDER BY f.kind, f.depth DESC, f.direction, f.position;
END
$$;

CREATE OR REPLACE FUNCTION sharded.tools_of(p_account text, p_id text) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT r.envelope -> 'tools' FROM responses r
          WHERE r.account_id = p_account AND r.id = p_id AND r.deleted_at IS NULL);
END
$$;

CREATE OR REPLACE FUNCTION sharded.find_response(p_account text, p_id text) RETURNS TABLE (
  account_id text, hold_id text, envelope json, status text, is_logged boolean, output json
) LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT r.account_id, r.hold_id, r.envelope, r.status,
         r.streamed AND r.background AND (r.finished_at IS NULL OR EXISTS (
           SELECT FROM response_events v WHERE v.account_id = p_account AND v.response_id = p_id)),
         (SELECT json_agg(i.item ORDER BY i.position) FROM response_items i
          WHERE i.account_id = p_account AND i.response_id = p_id AND i.direction = 1)
  FROM responses r WHERE r.account_id = p_account AND r.id = p_id AND r.deleted_at IS NULL;
END
$$;

-- A response for which no model ran: see src/storage/responses/keep-response.ts.
CREATE OR REPLACE FUNCTION sharded.keep_response(
  p_account text, p_key_id text, p_id text, p_status text, p_model text, p_previous text, p_hold_id text, p_request_id text,
  p_process_id text, p_envelope text, p_created_at timestamptz, p_item_ids text[], p_items text[], p_bytes bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO responses (account_id, id, status, model, previous_response_id, background, streamed, hold_id, key_id,
                         request_id, process_id, envelope, created_at, finished_at, stored_bytes)
  VALUES (p_account, p_id, p_status, p_model, p_previous, false, true, p_hold_id, p_key_id, p_request_id, p_process_id,
          p_envelope::json, p_created_at, now(), p_bytes);
  PERFORM sharded.add_items(0, '{1}', ARRAY[p_account], ARRAY[p_id], array_agg(1), array_agg(i.place::integer - 1),
                            array_agg(i.item_id), array_agg(i.item))
  FROM unnest(p_item_ids, p_items) WITH ORDINALITY AS i (item_id, item, place) HAVING count(*) > 0;
  PERFORM sharded.note_stored(p_account, p_bytes);
END
$$;

-- Removes the content and keeps the row: see src/storage/responses/erase-response.ts. Whether there was any.
CREATE OR REPLACE FUNCTION sharded.erase_response(p_account text, p_id text, p_only_chat boolean, p_row_bytes bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
  gone bigint;
BEGIN
  SELECT r.stored_bytes INTO before FROM responses r
  WHERE r.account_id = p_account AND r.id = p_id AND r.deleted_at IS NULL AND (r.chat IS NOT NULL OR NOT p_only_chat)
  FOR UPDATE;
  IF NOT FOUND THEN
    -- The answer of a response that is not stored may be kept for a repeated request.
    IF p_id NOT LIKE 'resp\_%' THEN RETURN false; END IF;
    PERFORM 1 FROM responses r WHERE r.account_id = p_account AND r.id = p_id;
    IF FOUND THEN RETURN false; END IF;
    RETURN sharded.erase_answers(p_account, p_id);
  END IF;
  UPDATE responses r SET deleted_at = now(), envelope = NULL, request = NULL, chat = NULL, chat_metadata = NULL,
         stored_bytes = p_row_bytes
  WHERE r.account_id = p_account AND r.id = p_id;
  DELETE FROM response_items i WHERE i.account_id = p_account AND i.response_id = p_id;
  gone := sharded.delete_events(p_account, p_id);
  PERFORM sharded.erase_answers(p_account, p_id);
  PERFORM sharded.note_stored(p_account, p_row_bytes - before - gone);
  RETURN true;
END
$$;

-- The bytes of the log that was removed.
CREATE OR REPLACE FUNCTION sharded.delete_events(p_account text, p_response_id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  bytes bigint;
  gone bigint := 0;
BEGIN
  FOR bytes IN
    DELETE FROM response_events v WHERE v.account_id = p_account AND v.response_id = p_response_id
    RETURNING 256 + octet_length(v.event::text)
  LOOP
    gone := gone + bytes;
  END LOOP;
  RETURN gone;
END
$$;

CREATE OR REPLACE FUNCTION sharded.set_chat_metadata(p_account text, p_id text, p_pairs text[], p_envelope text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
BEGIN
  SELECT octet_length(r.envelope::text) INTO before FROM responses r
  WHERE r.account_id = p_account AND r.id = p_id AND r.chat IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE responses r SET chat_metadata = p_pairs, envelope = p_envelope::json, last_used_at = now(),
         stored_bytes = r.stored_bytes + octet_length(p_envelope) - before
  WHERE r.account_id = p_account AND r.id = p_id;
  PERFORM sharded.note_stored(p_account, octet_length(p_envelope) - before);
  RETURN true;
END
$$;
