-- AlterTable
ALTER TABLE "holds" ALTER COLUMN "process_id" DROP NOT NULL;

-- CreateTable
CREATE TABLE "videos" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "hold_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "shape" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "request" JSON,
    "terms" JSON NOT NULL,
    "remixed_from" TEXT,
    "provider" TEXT NOT NULL,
    "upstream_model" TEXT NOT NULL,
    "upstream_id" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "process_id" TEXT NOT NULL,
    "progress" INTEGER NOT NULL DEFAULT 0,
    "error" JSON,
    "content" JSON,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "next_poll_at" TIMESTAMPTZ(3),
    "polled_at" TIMESTAMPTZ(3),
    "poller_id" TEXT,
    "poller_until" TIMESTAMPTZ(3),
    "quiet_polls" INTEGER NOT NULL DEFAULT 0,
    "failed_polls" INTEGER NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMPTZ(3),

    CONSTRAINT "videos_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "video_watches" (
    "video_id" TEXT NOT NULL,
    "process_id" TEXT NOT NULL,
    "interval_ms" INTEGER NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "video_watches_pkey" PRIMARY KEY ("video_id","process_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "videos_hold_id_key" ON "videos"("hold_id");

-- CreateIndex
CREATE INDEX "videos_account_id_created_at_id_idx" ON "videos"("account_id", "created_at", "id");

-- What the schema file cannot say: the few jobs that have not ended, in the order in which they are polled.
CREATE INDEX "videos_unfinished_idx" ON "videos"("next_poll_at") WHERE "finished_at" IS NULL;

-- Takes the full price of a video and stores what is intended, both or neither, before the upstream is asked. The hold
-- belongs to the job from here on, and to no process. Safe to repeat. The answer is that of take_holds.
CREATE FUNCTION submit_video(
  p_process_id text, p_hold_id text, p_key_hash bytea, p_allowed_as text, p_price bigint, p_request_id text,
  p_idempotency_key text, p_id text, p_shape text, p_model text, p_request text, p_terms text, p_remixed_from text,
  p_provider text, p_upstream_model text, p_created_at timestamptz
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  answer record;
BEGIN
  SELECT * INTO answer FROM take_holds(
    p_process_id, true, ARRAY[p_hold_id], ARRAY[p_key_hash], ARRAY[p_allowed_as], ARRAY[p_price], ARRAY[p_price],
    ARRAY[p_request_id], ARRAY[p_id], ARRAY[p_idempotency_key], ARRAY[0], ARRAY[p_terms]);
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

CREATE VIEW admin.video_jobs AS
SELECT v.id AS video_id, v.account_id AS account, v.key_id, v.request_id, v.model, v.status, v.error ->> 'code' AS error_code,
       v.progress, v.shape, v.remixed_from, v.provider, v.upstream_model, v.upstream_id, v.attempt, v.process_id,
       v.created_at, v.finished_at, v.expires_at, v.deleted_at,
       round(extract(epoch FROM v.finished_at - v.created_at) * 1000)::bigint AS duration_ms,
       v.polled_at, v.next_poll_at, v.failed_polls, v.failing_since,
       (SELECT t.final_amount FROM receipts t WHERE t.hold_id = v.hold_id) AS final_amount
FROM videos v;
COMMENT ON VIEW admin.video_jobs IS 'One row per video, without its prompt and content.';
COMMENT ON COLUMN admin.video_jobs.video_id IS 'The id of the video, video_…; its provider knows it as the idempotency key.';
COMMENT ON COLUMN admin.video_jobs.account IS 'Whose video it is.';
COMMENT ON COLUMN admin.video_jobs.key_id IS 'The key that pays.';
COMMENT ON COLUMN admin.video_jobs.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.video_jobs.model IS 'The model as the client named it.';
COMMENT ON COLUMN admin.video_jobs.status IS 'submitting, queued, processing, completed or failed.';
COMMENT ON COLUMN admin.video_jobs.error_code IS
  'Why it failed. submission_unknown: the provider may have made it, and may bill for it, though nobody was charged.';
COMMENT ON COLUMN admin.video_jobs.progress IS 'Percent.';
COMMENT ON COLUMN admin.video_jobs.shape IS 'Of the route that made it: generation or openai.';
COMMENT ON COLUMN admin.video_jobs.remixed_from IS 'The video that it was made from.';
COMMENT ON COLUMN admin.video_jobs.provider IS 'Id of the provider that makes it.';
COMMENT ON COLUMN admin.video_jobs.upstream_model IS 'The model''s name at the provider.';
COMMENT ON COLUMN admin.video_jobs.upstream_id IS 'The provider''s name for it; null until it was accepted.';
COMMENT ON COLUMN admin.video_jobs.attempt IS 'Submissions so far.';
COMMENT ON COLUMN admin.video_jobs.process_id IS 'The gateway process that submitted it.';
COMMENT ON COLUMN admin.video_jobs.created_at IS 'When the call came.';
COMMENT ON COLUMN admin.video_jobs.finished_at IS 'When it ended; null while it runs.';
COMMENT ON COLUMN admin.video_jobs.expires_at IS 'When the provider throws the content away.';
COMMENT ON COLUMN admin.video_jobs.deleted_at IS 'When it was deleted.';
COMMENT ON COLUMN admin.video_jobs.duration_ms IS 'Milliseconds from the call to its end.';
COMMENT ON COLUMN admin.video_jobs.polled_at IS 'When the provider was last asked for it.';
COMMENT ON COLUMN admin.video_jobs.next_poll_at IS 'When it will be asked again; null when it has ended.';
COMMENT ON COLUMN admin.video_jobs.failed_polls IS 'Times in a row that the provider could not be asked.';
COMMENT ON COLUMN admin.video_jobs.failing_since IS 'Since when; null when it could be asked the last time.';
COMMENT ON COLUMN admin.video_jobs.final_amount IS 'Atomic USDC that its key paid; null where nothing was charged.';

CREATE OR REPLACE VIEW admin.open_holds AS
SELECT h.id AS hold_id, h.created_at, h.account_id AS account, h.key_id, h.terms ->> 'provider' AS provider,
       h.terms ->> 'model' AS model, h.request_id, h.response_id, h.amount, h.sent, h.input_tokens, h.output_tokens,
       h.process_id, CASE WHEN h.process_id IS NOT NULL THEN coalesce(p.lease_expires_at > now(), false) END AS process_alive
FROM holds h LEFT JOIN gateway_processes p ON p.id = h.process_id;
COMMENT ON COLUMN admin.open_holds.response_id IS 'The response or video that is being made.';
COMMENT ON COLUMN admin.open_holds.process_id IS
  'The gateway process that runs it; null for a video, which runs at its provider and needs none.';
