-- CreateTable
CREATE TABLE "idempotency_records" (
    "account_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "hold_id" TEXT NOT NULL,
    "response_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "kind" TEXT,
    "status" SMALLINT,
    "headers" JSON,
    "content" TEXT,
    "replays" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "idempotency_records_pkey" PRIMARY KEY ("account_id","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "idempotency_records_hold_id_key" ON "idempotency_records"("hold_id");

-- CreateIndex
CREATE INDEX "idempotency_records_created_at_idx" ON "idempotency_records"("created_at");

-- CreateIndex
CREATE INDEX "idempotency_records_response_id_idx" ON "idempotency_records"("response_id");

ALTER TABLE idempotency_records ADD CONSTRAINT idempotency_records_kind
  CHECK (kind IN ('whole', 'stream', 'followed', 'job', 'lost', 'erased'));

-- As take_holds, for a batch in which some calls are to run once (their idempotency key is not null). Such a call
-- begins by inserting the record of its key, here and nowhere else; whose insert finds one there already gets the
-- outcome once_taken and no hold. A record without a hold, and without an answer, never outlives the transaction. A
-- kind that is not null is an answer which is known before the call runs. Records are inserted after the key rows were
-- locked and in the order of their own keys, so that batches cannot deadlock.
CREATE FUNCTION take_holds_once(
  p_process_id text, p_retry boolean,
  p_hold_ids text[], p_key_hashes bytea[], p_models text[], p_wanted bigint[], p_minimum bigint[],
  p_request_ids text[], p_response_ids text[], p_idempotency_keys text[], p_input_tokens integer[], p_terms text[],
  p_fingerprints bytea[], p_kinds text[], p_statuses integer[], p_headers text[], p_contents text[]
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  taken integer[];
  i integer;
BEGIN
  PERFORM 1 FROM api_keys a WHERE a.key_hash = ANY (p_key_hashes) ORDER BY a.id FOR UPDATE;

  DELETE FROM idempotency_records o
  USING unnest(p_key_hashes, p_idempotency_keys) AS r (hash, key), api_keys a
  WHERE a.key_hash = r.hash AND o.account_id = a.account_id AND o.key = r.key
    AND o.created_at <= now() - interval '24 hours';

  INSERT INTO idempotency_records (account_id, key, fingerprint, hold_id, response_id, finished_at, kind, status,
                                   headers, content)
  SELECT a.account_id, r.key, r.fingerprint, r.hold_id, r.response_id, CASE WHEN r.kind IS NOT NULL THEN now() END,
         r.kind, r.status, r.headers::json, r.content
  FROM unnest(p_key_hashes, p_idempotency_keys, p_fingerprints, p_hold_ids, p_response_ids, p_kinds, p_statuses,
              p_headers, p_contents)
    AS r (hash, key, fingerprint, hold_id, response_id, kind, status, headers, content)
  JOIN api_keys a ON a.key_hash = r.hash
  WHERE r.key IS NOT NULL
  ORDER BY a.account_id, r.key
  ON CONFLICT (account_id, key) DO NOTHING;

  SELECT coalesce(array_agg(r.position::integer), '{}') INTO taken
  FROM unnest(p_key_hashes, p_idempotency_keys, p_hold_ids) WITH ORDINALITY AS r (hash, key, hold_id, position)
  JOIN api_keys a ON a.key_hash = r.hash
  WHERE r.key IS NOT NULL AND NOT EXISTS (SELECT FROM idempotency_records o WHERE o.hold_id = r.hold_id);

  FOREACH i IN ARRAY taken LOOP
    p_key_hashes[i] := NULL;
  END LOOP;

  RETURN QUERY SELECT * FROM take_holds(p_process_id, p_retry, p_hold_ids, p_key_hashes, p_models, p_wanted, p_minimum,
    p_request_ids, p_response_ids, p_idempotency_keys, p_input_tokens, p_terms);
  RETURN QUERY SELECT t.o, 'once_taken', NULL::text, NULL::text, NULL::integer, 0::bigint, NULL::bigint, 0::bigint,
    0::bigint, 0::bigint, NULL::integer FROM unnest(taken) AS t (o);

  DELETE FROM idempotency_records o
  WHERE o.hold_id = ANY (p_hold_ids) AND NOT EXISTS (SELECT FROM holds h WHERE h.id = o.hold_id);
END
$$;

DROP FUNCTION submit_video(text, text, bytea, text, bigint, text, text, text, text, text, text, text, text, text, text, timestamptz);

-- Takes the full price of a video and stores what is intended, both or neither, before the upstream is asked. The hold
-- belongs to the job from here on, and to no process. Safe to repeat. The answer is that of
-- take_holds_once: a repeated request is answered with the video as it is, until it is known how it was answered first.
CREATE FUNCTION submit_video(
  p_process_id text, p_hold_id text, p_key_hash bytea, p_allowed_as text, p_price bigint, p_request_id text,
  p_idempotency_key text, p_fingerprint bytea, p_answer_status integer, p_id text, p_shape text, p_model text, p_request text, p_terms text, p_remixed_from text,
  p_provider text, p_upstream_model text, p_created_at timestamptz
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  answer record;
BEGIN
  SELECT * INTO answer FROM take_holds_once(
    p_process_id, true, ARRAY[p_hold_id], ARRAY[p_key_hash], ARRAY[p_allowed_as], ARRAY[p_price], ARRAY[p_price],
    ARRAY[p_request_id], ARRAY[p_id], ARRAY[p_idempotency_key], ARRAY[0], ARRAY[p_terms],
    ARRAY[p_fingerprint], ARRAY['job'], ARRAY[p_answer_status], ARRAY['{}'], ARRAY['']);
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF answer.outcome = 'granted' THEN
    UPDATE holds h SET process_id = NULL WHERE h.id = p_hold_id;
    INSERT INTO videos (id, account_id, key_id, hold_id, request_id, status, shape, model, request, terms,
                        remixed_from, provider, upstream_model, process_id, created_at)
    VALUES (p_id, answer.account_id, answer.key_id, p_hold_id, p_request_id, 'submitting', p_shape, p_model,
            p_request::json, p_terms::json, p_remixed_from, p_provider, p_upstream_model, p_process_id, p_created_at)
    ON CONFLICT (id) DO NOTHING;
  END IF;
  ordinal := answer.ordinal; outcome := answer.outcome; key_id := answer.key_id; account_id := answer.account_id;
  chain_id := answer.chain_id; granted := answer.granted; budget_limit := answer.budget_limit;
  budget_spent := answer.budget_spent; budget_held := answer.budget_held; required := answer.required;
  retry_after_ms := answer.retry_after_ms;
  RETURN NEXT;
END
$$;

CREATE VIEW admin.idempotency_records AS
SELECT i.account_id AS account, i.key AS idempotency_key, i.response_id,
       (SELECT r.id FROM receipts r WHERE r.hold_id = i.hold_id) AS receipt_id,
       i.created_at, i.finished_at, coalesce(i.kind, 'running') AS state, i.replays,
       octet_length(i.content) AS content_bytes
FROM idempotency_records i;
COMMENT ON VIEW admin.idempotency_records IS 'One row per request of the last 24 hours that is to run once, without its answer.';
COMMENT ON COLUMN admin.idempotency_records.account IS 'Whose request it is.';
COMMENT ON COLUMN admin.idempotency_records.idempotency_key IS 'What the client calls it.';
COMMENT ON COLUMN admin.idempotency_records.response_id IS 'The response or completion that was asked for.';
COMMENT ON COLUMN admin.idempotency_records.receipt_id IS 'Its receipt; null while it runs.';
COMMENT ON COLUMN admin.idempotency_records.created_at IS 'When the first such request was let in.';
COMMENT ON COLUMN admin.idempotency_records.finished_at IS 'Since when it has an answer; null while it runs.';
COMMENT ON COLUMN admin.idempotency_records.state IS
  'running; whole, stream, followed or job: what a repetition gets; lost: charged, but broken off; erased by its client.';
COMMENT ON COLUMN admin.idempotency_records.replays IS 'How often its answer was given again; nothing is charged for that.';
COMMENT ON COLUMN admin.idempotency_records.content_bytes IS 'Bytes of the answer.';
