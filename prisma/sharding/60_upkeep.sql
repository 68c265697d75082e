-- Sweeps and purges look at all shards, and then go to the account of each row that they find.

-- What is to be cancelled. Every process looks four times a second for what it runs: here, not on every shard.
CREATE TABLE IF NOT EXISTS sharded.cancellations (
  response_id text PRIMARY KEY,
  requested_at timestamptz NOT NULL DEFAULT now()
);

CREATE OR REPLACE FUNCTION sharded.request_cancel(p_account text, p_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE responses r SET cancel_requested_at = now()
  WHERE r.account_id = p_account AND r.id = p_id AND r.finished_at IS NULL AND r.cancel_requested_at IS NULL;
  IF FOUND THEN
    INSERT INTO sharded.cancellations (response_id) VALUES (p_id) ON CONFLICT DO NOTHING;
  END IF;
END
$$;

-- Whether another process may run the response of a hold: see src/storage/records/can-run-again.ts.
CREATE OR REPLACE FUNCTION sharded.can_run_again(p_account text, p_response_id text, p_hold_id text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  IF p_response_id IS NULL THEN RETURN false; END IF;
  PERFORM 1 FROM responses r
  WHERE r.account_id = p_account AND r.id = p_response_id AND r.hold_id = p_hold_id
    AND r.finished_at IS NULL AND r.background AND r.request IS NOT NULL
    AND ((r.status = 'queued' AND r.runs < 5 AND NOT EXISTS (
            SELECT FROM response_events v
            WHERE v.account_id = p_account AND v.response_id = p_response_id
              AND v.type NOT IN ('response.created', 'response.queued', 'response.in_progress')))
         OR (NOT r.streamed AND r.runs < 2));
  RETURN FOUND;
END
$$;

CREATE OR REPLACE FUNCTION sharded.adoptable(p_limit integer)
RETURNS TABLE (id text, hold_id text, status text, request json) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  h record;
  found_now integer := 0;
BEGIN
  FOR h IN
    SELECT o.id, o.account_id, o.response_id FROM holds o
    WHERE o.response_id IS NOT NULL AND o.process_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM gateway_processes p WHERE p.id = o.process_id AND p.lease_expires_at > now())
    ORDER BY o.created_at
  LOOP
    CONTINUE WHEN NOT sharded.can_run_again(h.account_id, h.response_id, h.id);
    RETURN QUERY SELECT r.id, r.hold_id, r.status, r.request FROM responses r
    WHERE r.account_id = h.account_id AND r.id = h.response_id;
    found_now := found_now + 1;
    EXIT WHEN found_now >= p_limit;
  END LOOP;
END
$$;

-- p_process_id takes over the hold and the record: see PostgresBackgroundStore.
CREATE OR REPLACE FUNCTION sharded.adopt(p_hold_id text, p_process_id text, p_is_repeated boolean) RETURNS TABLE (
  key_id text, account_id text, amount bigint, chain_id integer, budget_limit bigint, budget_spent bigint, budget_held bigint
) LANGUAGE plpgsql ROWS 1 AS $$
#variable_conflict use_column
DECLARE
  is_own boolean;
  h record;
BEGIN
  SELECT o.process_id = p_process_id AND p_is_repeated INTO is_own FROM holds o WHERE o.id = p_hold_id FOR UPDATE;
  UPDATE holds o SET process_id = p_process_id, sent = false, output_tokens = 0
  WHERE o.id = p_hold_id
    AND (is_own
         OR NOT EXISTS (SELECT FROM gateway_processes p WHERE p.id = o.process_id AND p.lease_expires_at > now()))
    AND EXISTS (SELECT FROM gateway_processes p WHERE p.id = p_process_id AND p.lease_expires_at > now())
  RETURNING o.key_id, o.account_id, o.amount, o.response_id INTO h;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE responses r SET process_id = p_process_id, runs = r.runs + (NOT is_own)::int
  WHERE r.account_id = h.account_id AND r.id = h.response_id AND r.hold_id = p_hold_id AND r.finished_at IS NULL;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM sharded.note_stored(h.account_id, 0);
  RETURN QUERY SELECT h.key_id, h.account_id, h.amount, k.chain_id, k.budget_limit, k.budget_spent, k.budget_held
  FROM api_keys k WHERE k.id = h.key_id;
END
$$;

-- Records that have no end and no hold. A hold is there before its record can be seen, and goes before the record's end can:
-- who finds one wrongly cannot end it, since it has ended when it is written.
CREATE OR REPLACE FUNCTION sharded.left_behind(p_limit integer) RETURNS TABLE (envelope json, events json)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  r record;
  found_now integer := 0;
BEGIN
  FOR r IN
    SELECT o.account_id, o.id, o.hold_id, o.envelope FROM responses o
    WHERE o.finished_at IS NULL AND o.envelope IS NOT NULL
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM holds h WHERE h.id = r.hold_id);
    envelope := r.envelope;
    SELECT json_agg(v.event ORDER BY v.sequence_number) INTO events FROM response_events v
    WHERE v.account_id = r.account_id AND v.response_id = r.id;
    RETURN NEXT;
    found_now := found_now + 1;
    EXIT WHEN found_now >= p_limit;
  END LOOP;
END
$$;

-- Chains from their youngest ends, which no other response continues.
CREATE OR REPLACE FUNCTION sharded.purge_responses(p_before timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  o record;
  row_bytes bigint;
  purged integer := 0;
BEGIN
  FOR o IN
    SELECT r.account_id, r.id FROM responses r
    WHERE r.last_used_at < p_before AND r.finished_at IS NOT NULL AND NOT EXISTS (
      SELECT FROM responses c WHERE c.account_id = r.account_id AND c.previous_response_id = r.id)
    ORDER BY r.last_used_at LIMIT p_limit
  LOOP
    DELETE FROM responses r WHERE r.account_id = o.account_id AND r.id = o.id AND r.last_used_at < p_before
      AND NOT EXISTS (SELECT FROM responses c WHERE c.account_id = o.account_id AND c.previous_response_id = o.id)
    RETURNING r.stored_bytes INTO row_bytes;
    CONTINUE WHEN NOT FOUND;
    DELETE FROM response_items i WHERE i.account_id = o.account_id AND i.response_id = o.id;
    PERFORM sharded.note_stored(o.account_id, -row_bytes - sharded.delete_events(o.account_id, o.id));
    purged := purged + 1;
  END LOOP;
  RETURN purged;
END
$$;

CREATE OR REPLACE FUNCTION sharded.purge_conversations(p_before timestamptz, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  o record;
  bytes bigint;
  gone bigint;
  purged integer := 0;
BEGIN
  FOR o IN
    SELECT c.account_id, c.id FROM conversations c
    WHERE c.created_at < p_before AND c.last_used_at < p_before AND NOT EXISTS (
      SELECT FROM responses r WHERE r.account_id = c.account_id AND r.conversation_id = c.id AND r.finished_at IS NULL)
    ORDER BY c.created_at LIMIT p_limit
  LOOP
    DELETE FROM conversations c WHERE c.account_id = o.account_id AND c.id = o.id AND c.last_used_at < p_before
    RETURNING 256 + octet_length(c.metadata::text) INTO gone;
    CONTINUE WHEN NOT FOUND;
    FOR bytes IN
      DELETE FROM conversation_items i WHERE i.account_id = o.account_id AND i.conversation_id = o.id
      RETURNING 256 + octet_length(i.item::text)
    LOOP
      gone := gone + bytes;
    END LOOP;
    PERFORM sharded.note_stored(o.account_id, -gone);
    purged := purged + 1;
  END LOOP;
  RETURN purged;
END
$$;

-- Whole logs only: half of one would be a gap. The number of events that went.
CREATE OR REPLACE FUNCTION sharded.purge_logs(p_before timestamptz, p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  o record;
  bytes bigint;
  gone bigint;
  purged integer := 0;
BEGIN
  FOR o IN
    SELECT DISTINCT e.account_id, e.response_id FROM (
      SELECT v.account_id, v.response_id FROM response_events v
      WHERE v.created_at < p_before AND NOT EXISTS (
        SELECT FROM responses r WHERE r.account_id = v.account_id AND r.id = v.response_id
          AND (r.finished_at IS NULL OR r.finished_at >= p_before))
      ORDER BY v.created_at LIMIT p_limit * 10) AS e
    LIMIT p_limit
  LOOP
    gone := 0;
    FOR bytes IN
      DELETE FROM response_events v WHERE v.account_id = o.account_id AND v.response_id = o.response_id
      RETURNING 256 + octet_length(v.event::text)
    LOOP
      gone := gone + bytes;
      purged := purged + 1;
    END LOOP;
    PERFORM sharded.note_stored(o.account_id, -gone);
  END LOOP;
  RETURN purged;
END
$$;

-- Frames of streams that have ended, and requests to cancel what has ended long ago.
CREATE OR REPLACE FUNCTION sharded.purge_frames() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
BEGIN
  DELETE FROM sharded.cancellations WHERE requested_at < now() - interval '2 days';
  FOR f IN SELECT DISTINCT a.account_id, a.response_id FROM answer_frames a LOOP
    PERFORM 1 FROM idempotency_records i
    WHERE i.account_id = f.account_id AND i.response_id = f.response_id AND i.finished_at IS NULL;
    IF NOT FOUND THEN
      DELETE FROM answer_frames a WHERE a.response_id = f.response_id;
    END IF;
  END LOOP;
END
$$;
