-- As take_holds_once of the migrations, which it replaces: the record of each call is a statement on its account's shard.
-- The rows of all keys are locked before any record is, in the same order everywhere.
CREATE OR REPLACE FUNCTION take_holds_once(
  p_process_id text, p_retry boolean,
  p_hold_ids text[], p_key_hashes bytea[], p_models text[], p_wanted bigint[], p_minimum bigint[],
  p_request_ids text[], p_response_ids text[], p_idempotency_keys text[], p_input_tokens integer[], p_terms text[],
  p_fingerprints bytea[], p_kinds text[], p_statuses integer[], p_headers text[], p_contents text[]
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql ROWS 10 SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  c record;
  i integer;
  begun text[] := '{}';
  taken integer[] := '{}';
BEGIN
  PERFORM 1 FROM api_keys a WHERE a.key_hash = ANY (p_key_hashes) ORDER BY a.id FOR UPDATE;

  FOR c IN
    SELECT r.position::integer AS position, a.account_id AS account, r.key, r.hold_id
    FROM unnest(p_key_hashes, p_idempotency_keys, p_hold_ids) WITH ORDINALITY AS r (hash, key, hold_id, position)
    JOIN api_keys a ON a.key_hash = r.hash
    WHERE r.key IS NOT NULL ORDER BY a.account_id, r.key
  LOOP
    i := c.position;
    IF sharded.begin_once(c.account, c.key, p_fingerprints[i], c.hold_id, p_response_ids[i], p_kinds[i], p_statuses[i],
                          p_headers[i], p_contents[i]) THEN
      begun := begun || c.account || c.hold_id;
    ELSE
      taken := taken || i;
      p_key_hashes[i] := NULL;
    END IF;
  END LOOP;

  RETURN QUERY SELECT * FROM take_holds(p_process_id, p_retry, p_hold_ids, p_key_hashes, p_models, p_wanted, p_minimum,
    p_request_ids, p_response_ids, p_idempotency_keys, p_input_tokens, p_terms);
  RETURN QUERY SELECT t.o, 'once_taken', NULL::text, NULL::text, NULL::integer, 0::bigint, NULL::bigint, 0::bigint,
    0::bigint, 0::bigint, NULL::integer FROM unnest(taken) AS t (o);

  -- A record without a hold never outlives the transaction.
  FOR i IN 1 .. cardinality(begun) BY 2 LOOP
    PERFORM sharded.forget_once(begun[i], begun[i + 1], true)
    WHERE NOT EXISTS (SELECT FROM holds h WHERE h.id = begun[i + 1]);
  END LOOP;
END
$$;

-- Inserts the record of a call that is to run once, unless there is one that is younger than a day. Whether it is this
-- call's now, or was already.
CREATE OR REPLACE FUNCTION sharded.begin_once(
  p_account text, p_key text, p_fingerprint bytea, p_hold_id text, p_response_id text, p_kind text, p_status integer,
  p_headers text, p_content text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  earlier record;
  answered timestamptz := CASE WHEN p_kind IS NOT NULL THEN now() END;
  headers_now json := p_headers::json;
  is_new integer;
BEGIN
  FOR attempt IN 1 .. 2 LOOP
    INSERT INTO idempotency_records (account_id, key, fingerprint, hold_id, response_id, finished_at, kind, status,
                                     headers, content)
    VALUES (p_account, p_key, p_fingerprint, p_hold_id, p_response_id, answered, p_kind, p_status, headers_now, p_content)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS is_new = ROW_COUNT;
    IF is_new = 1 THEN
      PERFORM sharded.note_stored(p_account, sharded.answer_size(p_content, headers_now));
      RETURN true;
    END IF;
    SELECT o.hold_id, o.created_at <= now() - interval '24 hours' AS is_old INTO earlier
    FROM idempotency_records o WHERE o.account_id = p_account AND o.key = p_key FOR UPDATE;
    IF earlier.is_old IS NOT TRUE THEN
      RETURN earlier.hold_id IS NOT DISTINCT FROM p_hold_id;
    END IF;
    PERFORM sharded.forget_once(p_account, earlier.hold_id, true);
  END LOOP;
  RETURN false;
END
$$;

-- Removes the record of a call; one that has its answer only if p_answered.
CREATE OR REPLACE FUNCTION sharded.forget_once(p_account text, p_hold_id text, p_answered boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  bytes bigint;
BEGIN
  DELETE FROM idempotency_records o
  WHERE o.account_id = p_account AND o.hold_id = p_hold_id AND (p_answered OR o.finished_at IS NULL)
  RETURNING 256 + coalesce(octet_length(o.content), 0) + coalesce(octet_length(o.headers::text), 0) INTO bytes;
  IF bytes IS NOT NULL THEN
    PERFORM sharded.note_stored(p_account, -bytes);
  END IF;
END
$$;

-- The end of calls that run once, which were charged: see KEEPING_ANSWERS in src/storage/once/answer-columns.ts. p_open: only
-- of records without an answer; else of those whose answer is lost.
CREATE OR REPLACE FUNCTION sharded.keep_answers(
  p_open boolean, p_accounts text[], p_covered boolean[], p_holds text[], p_kinds text[], p_statuses integer[],
  p_headers text[], p_contents text[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  c record;
  o record;
  finished timestamptz;
  kind_now text;
  content_now text;
  kept integer := 0;
BEGIN
  FOR c IN
    SELECT * FROM unnest(p_accounts, p_covered, p_holds, p_kinds, p_statuses, p_headers::json[], p_contents)
      AS a (account, is_covered, hold_id, kind, status, headers, content)
    WHERE a.is_covered IS NOT NULL
  LOOP
    SELECT r.kind, r.content, r.headers, r.finished_at INTO o FROM idempotency_records r
    WHERE r.account_id = c.account AND r.hold_id = c.hold_id FOR UPDATE;
    CONTINUE WHEN NOT FOUND OR (p_open AND o.finished_at IS NOT NULL) OR (NOT p_open AND o.kind IS DISTINCT FROM 'lost');
    finished := CASE WHEN p_open THEN now() ELSE o.finished_at END;
    kind_now := coalesce(CASE WHEN p_open THEN o.kind END, CASE WHEN c.is_covered THEN c.kind END, 'lost');
    content_now := CASE WHEN c.is_covered AND NOT (p_open AND o.kind IS NOT NULL) THEN c.content END;
    UPDATE idempotency_records r
    SET finished_at = finished, status = c.status, headers = c.headers, kind = kind_now, content = content_now
    WHERE r.account_id = c.account AND r.hold_id = c.hold_id;
    PERFORM sharded.note_stored(c.account,
      sharded.answer_size(content_now, c.headers) - sharded.answer_size(o.content, o.headers));
    kept := kept + 1;
  END LOOP;
  RETURN kept;
END
$$;

-- Whether an answer was erased. p_any: also one of a response that has no row.
CREATE OR REPLACE FUNCTION sharded.erase_answers(p_account text, p_response_id text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  o record;
  is_erased boolean := false;
BEGIN
  FOR o IN
    SELECT r.key, r.content, r.headers FROM idempotency_records r
    WHERE r.account_id = p_account AND r.response_id = p_response_id AND r.kind IS DISTINCT FROM 'erased' FOR UPDATE
  LOOP
    UPDATE idempotency_records r SET kind = 'erased', headers = NULL, content = NULL
    WHERE r.account_id = p_account AND r.key = o.key;
    PERFORM sharded.note_stored(p_account, 256 - sharded.answer_size(o.content, o.headers));
    is_erased := true;
  END LOOP;
  RETURN is_erased;
END
$$;

-- The answer to the request for a job.
CREATE OR REPLACE FUNCTION sharded.keep_answer_of_job(
  p_response_id text, p_kind text, p_status integer, p_headers text, p_content text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  o record;
  headers_now json := p_headers::json;
  account text := (SELECT v.account_id FROM videos v WHERE v.id = p_response_id);
BEGIN
  IF account IS NULL THEN
    SELECT r.account_id INTO account FROM idempotency_records r WHERE r.response_id = p_response_id LIMIT 1;
  END IF;
  FOR o IN
    SELECT r.key, r.content, r.headers FROM idempotency_records r
    WHERE r.account_id = account AND r.response_id = p_response_id AND r.kind = 'job' FOR UPDATE
  LOOP
    UPDATE idempotency_records r SET kind = p_kind, status = p_status, headers = headers_now, content = p_content
    WHERE r.account_id = account AND r.key = o.key;
    PERFORM sharded.note_stored(account,
      sharded.answer_size(p_content, headers_now) - sharded.answer_size(o.content, o.headers));
  END LOOP;
END
$$;

-- Removes records that are older than a day.
CREATE OR REPLACE FUNCTION sharded.purge_once(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  o record;
  purged integer := 0;
BEGIN
  FOR o IN
    SELECT r.account_id, r.hold_id FROM idempotency_records r
    WHERE r.created_at <= now() - interval '24 hours' ORDER BY r.created_at LIMIT p_limit
  LOOP
    PERFORM sharded.forget_once(o.account_id, o.hold_id, true);
    purged := purged + 1;
  END LOOP;
  RETURN purged;
END
$$;

-- The kept answer shows a new receipt: see src/storage/x402/changed-answer.ts.
CREATE OR REPLACE FUNCTION sharded.change_answer(
  p_account text, p_hold_id text, p_old_frame text, p_new_frame text, p_old_body text, p_new_body text, p_old_header text,
  p_new_header text, p_told jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  o record;
  content_now text;
  headers_now json;
BEGIN
  SELECT r.content, r.headers, r.kind INTO o FROM idempotency_records r
  WHERE r.account_id = p_account AND r.hold_id = p_hold_id AND r.headers IS NOT NULL AND r.content IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  content_now := replace(replace(o.content, p_old_frame, p_new_frame), p_old_body, p_new_body);
  headers_now := (replace(o.headers::text, p_old_header, p_new_header)::jsonb
    || CASE WHEN o.kind = 'stream' THEN coalesce(p_told -> 'stream', '{}') ELSE p_told -> 'whole' END)::json;
  UPDATE idempotency_records r SET content = content_now, headers = headers_now
  WHERE r.account_id = p_account AND r.hold_id = p_hold_id;
  PERFORM sharded.note_stored(p_account,
    sharded.answer_size(content_now, headers_now) - sharded.answer_size(o.content, o.headers));
END
$$;
