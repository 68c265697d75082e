-- What src/storage/conversations does in single statements. Holds and processes are on the coordinator, a conversation is
-- not: its row is locked, then they are looked at.

-- Whether no response runs on a conversation: see IS_FREE in src/storage/conversations/free-conversation.ts.
CREATE OR REPLACE FUNCTION sharded.is_free(p_locked_by text, p_locked_until timestamptz, p_locked_for text) RETURNS boolean
LANGUAGE sql AS $$
  SELECT p_locked_by IS NULL OR (
    (p_locked_until < now() OR (p_locked_for IS NOT NULL AND NOT EXISTS (
      SELECT FROM gateway_processes p WHERE p.id = p_locked_for AND p.lease_expires_at > now())))
    AND NOT EXISTS (SELECT FROM holds h WHERE h.response_id = p_locked_by))
$$;

-- Locks the row, so that nothing changes it in this transaction. Whether it is there, and whether no response runs on it.
CREATE OR REPLACE FUNCTION sharded.look_at_conversation(
  p_account text, p_id text, OUT is_there boolean, OUT is_free boolean, OUT next_item integer, OUT metadata_bytes integer,
  OUT metadata json
) LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  SELECT v.locked_by, v.locked_until, v.locked_for, v.next_item, v.metadata INTO c
  FROM conversations v WHERE v.account_id = p_account AND v.id = p_id AND v.deleted_at IS NULL FOR UPDATE;
  is_there := FOUND;
  is_free := is_there AND sharded.is_free(c.locked_by, c.locked_until, c.locked_for);
  next_item := c.next_item;
  metadata := c.metadata;
  metadata_bytes := octet_length(c.metadata::text);
END
$$;

CREATE OR REPLACE FUNCTION sharded.create_conversation(
  p_account text, p_id text, p_metadata text, p_created_at timestamptz, p_item_ids text[], p_items text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO conversations (account_id, id, metadata, created_at, next_item)
  VALUES (p_account, p_id, p_metadata::json, p_created_at, cardinality(p_item_ids));
  PERFORM sharded.note_stored(p_account, 256 + octet_length(p_metadata)
    + sharded.add_conversation_items(p_account, p_id, 0, p_item_ids, p_items, false));
END
$$;

CREATE OR REPLACE FUNCTION sharded.change_metadata(p_account text, p_id text, p_metadata text)
RETURNS TABLE (id text, metadata json, created_at timestamptz) LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
DECLARE
  c record := sharded.look_at_conversation(p_account, p_id);
BEGIN
  IF NOT c.is_there THEN RETURN; END IF;
  PERFORM sharded.note_stored(p_account, octet_length(p_metadata) - c.metadata_bytes);
  RETURN QUERY UPDATE conversations v SET metadata = p_metadata::json, last_used_at = now()
  WHERE v.account_id = p_account AND v.id = p_id RETURNING v.id, v.metadata, v.created_at::timestamptz;
END
$$;

-- These three also take the lock from a run that has lost its hold: that run must not add to what is changed here.
CREATE OR REPLACE FUNCTION sharded.add_to_conversation(
  p_account text, p_id text, p_item_ids text[], p_items text[], OUT "isThere" boolean, OUT "isDone" boolean
) LANGUAGE plpgsql AS $$
DECLARE
  c record := sharded.look_at_conversation(p_account, p_id);
BEGIN
  "isThere" := c.is_there;
  "isDone" := c.is_free;
  IF NOT c.is_free THEN RETURN; END IF;
  UPDATE conversations v SET locked_by = NULL, locked_until = NULL, locked_for = NULL, last_used_at = now(),
         next_item = v.next_item + cardinality(p_item_ids)
  WHERE v.account_id = p_account AND v.id = p_id;
  PERFORM sharded.note_stored(p_account,
    sharded.add_conversation_items(p_account, p_id, c.next_item, p_item_ids, p_items, false));
END
$$;

-- p_item_id null: all of its items, and the conversation with them.
CREATE OR REPLACE FUNCTION sharded.remove_from_conversation(
  p_account text, p_id text, p_item_id text, OUT "isThere" boolean, OUT "isDone" boolean
) LANGUAGE plpgsql AS $$
DECLARE
  c record := sharded.look_at_conversation(p_account, p_id);
  erased timestamptz := CASE WHEN p_item_id IS NULL THEN now() END;
  metadata_now json := CASE WHEN p_item_id IS NULL THEN '{}' ELSE c.metadata END;
  bytes bigint;
  gone bigint := 0;
BEGIN
  "isThere" := c.is_there;
  "isDone" := c.is_free;
  IF NOT c.is_free THEN RETURN; END IF;
  UPDATE conversations v SET locked_by = NULL, locked_until = NULL, locked_for = NULL, last_used_at = now(),
         deleted_at = erased, metadata = metadata_now
  WHERE v.account_id = p_account AND v.id = p_id;
  FOR bytes IN
    DELETE FROM conversation_items i
    WHERE i.account_id = p_account AND i.conversation_id = p_id AND (p_item_id IS NULL OR i.item_id = p_item_id)
    RETURNING 256 + octet_length(i.item::text)
  LOOP
    gone := gone + bytes;
  END LOOP;
  PERFORM sharded.note_stored(p_account, CASE WHEN erased IS NULL THEN 0 ELSE 2 - c.metadata_bytes END - gone);
END
$$;

CREATE OR REPLACE FUNCTION sharded.lock_conversation(
  p_account text, p_id text, p_response_id text, p_until_held_ms double precision, p_process_id text,
  OUT "isThere" boolean, OUT "isDone" boolean
) LANGUAGE plpgsql AS $$
DECLARE
  c record := sharded.look_at_conversation(p_account, p_id);
  latest timestamptz := now() + make_interval(secs => p_until_held_ms / 1000.0);
BEGIN
  "isThere" := c.is_there;
  "isDone" := c.is_free;
  IF NOT c.is_free THEN RETURN; END IF;
  UPDATE conversations v
  SET locked_by = p_response_id, locked_until = latest, locked_for = p_process_id, last_used_at = now()
  WHERE v.account_id = p_account AND v.id = p_id;
END
$$;

-- Those on which no response runs. p_accounts: whose they are, in the same order.
CREATE OR REPLACE FUNCTION sharded.free_among(p_accounts text[], p_ids text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  asked record;
  c record;
BEGIN
  FOR asked IN SELECT * FROM unnest(p_accounts, p_ids) AS a (account, id) LOOP
    SELECT v.locked_by, v.locked_until, v.locked_for INTO c FROM conversations v
    WHERE v.account_id = asked.account AND v.id = asked.id AND v.deleted_at IS NULL;
    IF NOT FOUND OR sharded.is_free(c.locked_by, c.locked_until, c.locked_for) THEN
      RETURN NEXT asked.id;
    END IF;
  END LOOP;
END
$$;
