-- The rows of stored calls whose holds were granted, with their input: see src/storage/records/start-records.ts.
CREATE OR REPLACE FUNCTION sharded.start_records(
  p_granted integer[], p_accounts text[], p_keys text[], p_process_id text, p_hold_ids text[], p_request_ids text[],
  p_calls integer[], p_ids text[], p_statuses text[], p_models text[], p_previous text[], p_conversations text[],
  p_background boolean[], p_streamed boolean[], p_requests text[], p_envelopes text[], p_created_at timestamptz[],
  p_bytes bigint[], p_item_calls integer[], p_item_positions integer[], p_item_ids text[], p_items text[],
  p_lock_calls integer[], p_locked text[], p_holders text[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  c record;
  records text;
  account text;
  bytes bigint;
  accounts text[] := '{}';
  counts bigint[] := '{}';
BEGIN
  -- One statement for all calls of a batch, as text: Citus sends each shard its rows in one message.
  SELECT string_agg(format('(%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%L,%s)', g.account, r.id, r.status, r.model, r.previous,
           r.conversation, r.background, r.streamed, p_hold_ids[r.call], g.key_id, p_request_ids[r.call], p_process_id,
           r.request, r.envelope, r.created_at, r.bytes), ',' ORDER BY g.account, r.id)
  INTO records
  FROM unnest(p_calls, p_ids, p_statuses, p_models, p_previous, p_conversations, p_background, p_streamed, p_requests,
              p_envelopes, p_created_at, p_bytes)
    AS r (call, id, status, model, previous, conversation, background, streamed, request, envelope, created_at, bytes)
  JOIN unnest(p_granted, p_accounts, p_keys) AS g (call, account, key_id) ON g.call = r.call;
  IF records IS NOT NULL THEN
    FOR account, bytes IN EXECUTE
      'INSERT INTO responses (account_id, id, status, model, previous_response_id, conversation_id, background, streamed,
         hold_id, key_id, request_id, process_id, request, envelope, created_at, stored_bytes) VALUES ' || records
      || ' ON CONFLICT DO NOTHING RETURNING account_id, stored_bytes'
    LOOP
      accounts := accounts || account;
      counts := counts || bytes;
    END LOOP;
    PERFORM sharded.note_all_stored(accounts, counts);
    PERFORM sharded.add_items(0, array_agg(r.call), array_agg(g.account), array_agg(r.id), p_item_calls, p_item_positions,
                              p_item_ids, p_items)
    FROM unnest(p_calls, p_ids) AS r (call, id) JOIN unnest(p_granted, p_accounts) AS g (call, account) ON g.call = r.call
    HAVING cardinality(p_item_calls) > 0;
  END IF;
  -- From here on the lock of a conversation lasts as long as the hold.
  FOR c IN
    SELECT g.account, l.conversation, l.holder
    FROM unnest(p_lock_calls, p_locked, p_holders) AS l (call, conversation, holder)
    JOIN unnest(p_granted, p_accounts) AS g (call, account) ON g.call = l.call
    ORDER BY l.call
  LOOP
    UPDATE conversations v SET locked_until = now(), locked_for = NULL
    WHERE v.account_id = c.account AND v.id = c.conversation AND v.locked_by = c.holder;
    PERFORM sharded.note_stored(c.account, 0);
  END LOOP;
  RETURN cardinality(accounts);
END
$$;

-- Items of responses, of all calls of a batch.
CREATE OR REPLACE FUNCTION sharded.add_items(
  p_direction integer, p_calls integer[], p_accounts text[], p_ids text[],
  p_item_calls integer[], p_item_positions integer[], p_item_ids text[], p_items text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  items text;
BEGIN
  SELECT string_agg(format('(%L,%L,%s,%s,%L,%L)', c.account, c.id, p_direction, i.position, i.id, i.item), ','
                    ORDER BY c.account, c.id, i.position)
  INTO items
  FROM unnest(p_item_calls, p_item_positions, p_item_ids, p_items) AS i (call, position, id, item)
  JOIN unnest(p_calls, p_accounts, p_ids) AS c (call, account, id) ON c.call = i.call;
  IF items IS NOT NULL THEN
    EXECUTE 'INSERT INTO response_items (account_id, response_id, direction, position, item_id, item) VALUES ' || items
      || ' ON CONFLICT DO NOTHING';
  END IF;
END
$$;

-- The end of one record: true when its content is kept, false when it was deleted meanwhile, null when it had ended before.
-- Citus plans these two once. Only whole variables: it crashes on elements of arrays that it has to send to a shard.
CREATE OR REPLACE FUNCTION sharded.finish_record(
  p_account text, p_id text, p_status text, p_envelope json, p_chat json, p_pairs text[], p_bytes bigint
) RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  UPDATE responses r
  SET status = p_status, finished_at = now(), last_used_at = now(), request = NULL, envelope = p_envelope, chat = p_chat,
      chat_metadata = p_pairs, stored_bytes = r.stored_bytes + p_bytes
  WHERE r.account_id = p_account AND r.id = p_id AND r.finished_at IS NULL AND r.deleted_at IS NULL;
  IF FOUND THEN RETURN true; END IF;
  UPDATE responses r SET status = p_status, finished_at = now(), last_used_at = now(), request = NULL, envelope = NULL
  WHERE r.account_id = p_account AND r.id = p_id AND r.finished_at IS NULL;
  RETURN CASE WHEN FOUND THEN false END;
END
$$;

-- The ends of stored calls: see src/storage/records/finish-records.ts. p_after: what has to be known before.
CREATE OR REPLACE FUNCTION sharded.finish_records(
  p_after bigint, p_accounts text[],
  p_calls integer[], p_ids text[], p_statuses text[], p_envelopes text[], p_chats text[], p_chat_metadata text[],
  p_bytes bigint[], p_item_calls integer[], p_item_positions integer[], p_item_ids text[], p_items text[],
  p_event_calls integer[], p_event_numbers integer[], p_event_types text[], p_events text[],
  p_lock_calls integer[], p_locked text[], p_holders text[], p_sizes integer[], p_appends boolean[], p_transient boolean[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  c record;
  is_live boolean;
  counts bigint[] := '{}';
  finished integer[] := '{}';
  live integer[] := '{}';
  ids text[] := '{}';
  accounts text[] := '{}';
BEGIN
  FOR c IN
    SELECT r.*, p_accounts[r.call] AS account,
           CASE WHEN r.chat IS NOT NULL THEN ARRAY (SELECT json_array_elements_text(r.metadata)) END AS pairs
    FROM unnest(p_calls, p_ids, p_statuses, p_envelopes::json[], p_chats::json[], p_chat_metadata::json[], p_bytes)
      AS r (call, id, status, envelope, chat, metadata, bytes)
    ORDER BY r.call
  LOOP
    is_live := sharded.finish_record(c.account, c.id, c.status, c.envelope, c.chat, c.pairs, c.bytes);
    CONTINUE WHEN is_live IS NULL;
    finished := finished || c.call;
    CONTINUE WHEN NOT is_live;
    counts := counts || c.bytes;
    live := live || c.call;
    ids := ids || c.id;
    accounts := accounts || c.account;
  END LOOP;
  PERFORM sharded.note_all_stored(accounts, counts);
  IF cardinality(live) > 0 AND cardinality(p_item_calls) > 0 THEN
    PERFORM sharded.add_items(1, live, accounts, ids, p_item_calls, p_item_positions, p_item_ids, p_items);
  END IF;
  FOR i IN 1 .. CASE WHEN cardinality(p_event_calls) > 0 THEN cardinality(live) ELSE 0 END LOOP
    PERFORM sharded.append_events(accounts[i], ids[i], array_agg(e.number), array_agg(e.type), array_agg(e.event))
    FROM unnest(p_event_calls, p_event_numbers, p_event_types, p_events) AS e (call, number, type, event)
    WHERE e.call = live[i] HAVING count(*) > 0;
  END LOOP;
  FOR i IN 1 .. coalesce(cardinality(p_lock_calls), 0) LOOP
    PERFORM sharded.unlock_with_items(p_accounts[p_lock_calls[i]], p_locked[i], p_holders[i], p_sizes[i],
      p_appends[i] AND (p_transient[i] OR p_lock_calls[i] = ANY (finished)),
      (SELECT array_agg(t.id ORDER BY t.position) FROM unnest(p_item_calls, p_item_positions, p_item_ids)
         AS t (call, position, id) WHERE t.call = p_lock_calls[i]),
      (SELECT array_agg(t.item ORDER BY t.position) FROM unnest(p_item_calls, p_item_positions, p_items)
         AS t (call, position, item) WHERE t.call = p_lock_calls[i]));
  END LOOP;
  RETURN cardinality(finished);
END
$$;

CREATE OR REPLACE FUNCTION sharded.append_events(
  p_account text, p_response_id text, p_numbers integer[], p_types text[], p_events text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  bytes bigint;
  added bigint := 0;
BEGIN
  FOR bytes IN
    EXECUTE 'INSERT INTO response_events (account_id, response_id, sequence_number, type, event) VALUES ' || (
        SELECT string_agg(format('(%L,%L,%s,%L,%L)', p_account, p_response_id, e.number, e.type, e.event), ',')
        FROM unnest(p_numbers, p_types, p_events) AS e (number, type, event))
      || ' ON CONFLICT DO NOTHING RETURNING 256 + octet_length(event::text)'
  LOOP
    added := added + bytes;
  END LOOP;
  PERFORM sharded.note_stored(p_account, added);
END
$$;

-- Of a response that p_process_id runs: see PostgresBackgroundStore.
CREATE OR REPLACE FUNCTION sharded.log_events(
  p_account text, p_response_id text, p_process_id text, p_numbers integer[], p_types text[], p_events text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM responses r
  WHERE r.account_id = p_account AND r.id = p_response_id AND r.process_id = p_process_id
    AND r.finished_at IS NULL AND r.deleted_at IS NULL;
  IF FOUND THEN PERFORM sharded.append_events(p_account, p_response_id, p_numbers, p_types, p_events); END IF;
END
$$;

-- The lock of a conversation ends; the input of its response, which is stored already or comes first among the items, and
-- the output are appended.
CREATE OR REPLACE FUNCTION sharded.unlock_with_items(
  p_account text, p_conversation text, p_holder text, p_size integer, p_appends boolean, p_item_ids text[], p_items text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  inputs integer;
  next_now integer;
  first integer;
  bytes bigint;
  added bigint := 0;
BEGIN
  SELECT count(*) INTO inputs FROM response_items i
  WHERE i.account_id = p_account AND i.response_id = p_holder AND i.direction = 0;
  UPDATE conversations c
  SET locked_by = NULL, locked_until = NULL, last_used_at = now(), next_item = c.next_item + inputs + p_size
  WHERE c.account_id = p_account AND c.id = p_conversation AND c.locked_by = p_holder AND c.deleted_at IS NULL
  RETURNING c.next_item INTO next_now;
  IF NOT FOUND THEN RETURN; END IF;
  first := next_now - inputs - p_size;
  IF p_appends AND inputs > 0 THEN
    FOR bytes IN
      INSERT INTO conversation_items (account_id, conversation_id, position, item_id, item)
      SELECT i.account_id, p_conversation, first + i.position, i.item_id, i.item
      FROM response_items i WHERE i.account_id = p_account AND i.response_id = p_holder AND i.direction = 0
      ON CONFLICT DO NOTHING RETURNING 256 + octet_length(item::text)
    LOOP
      added := added + bytes;
    END LOOP;
  END IF;
  IF p_appends AND cardinality(p_items) > 0 THEN
    added := added + sharded.add_conversation_items(p_account, p_conversation, first + inputs, p_item_ids, p_items, true);
  END IF;
  PERFORM sharded.note_stored(p_account, added);
END
$$;

-- The bytes of the rows that were added. p_passing: rows that are there already are passed over.
CREATE OR REPLACE FUNCTION sharded.add_conversation_items(
  p_account text, p_conversation text, p_first integer, p_item_ids text[], p_items text[], p_passing boolean
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  bytes bigint;
  added bigint := 0;
BEGIN
  IF coalesce(cardinality(p_items), 0) = 0 THEN RETURN 0; END IF;
  FOR bytes IN
    EXECUTE 'INSERT INTO conversation_items (account_id, conversation_id, position, item_id, item) VALUES ' || (
        SELECT string_agg(format('(%L,%L,%s,%L,%L)', p_account, p_conversation, p_first + i.place - 1, i.id, i.item), ',')
        FROM unnest(p_item_ids, p_items) WITH ORDINALITY AS i (id, item, place))
      || CASE WHEN p_passing THEN ' ON CONFLICT DO NOTHING' ELSE '' END || ' RETURNING 256 + octet_length(item::text)'
  LOOP
    added := added + bytes;
  END LOOP;
  RETURN added;
END
$$;
