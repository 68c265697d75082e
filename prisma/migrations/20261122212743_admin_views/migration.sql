-- AlterTable
ALTER TABLE "responses" ADD COLUMN     "key_id" TEXT,
ADD COLUMN     "request_id" TEXT;

-- CreateIndex
CREATE INDEX "receipts_settled_at_idx" ON "receipts"("settled_at");

-- CreateIndex
CREATE INDEX "responses_created_at_idx" ON "responses"("created_at");

-- CreateIndex
CREATE INDEX "responses_key_id_created_at_idx" ON "responses"("key_id", "created_at");

-- What older versions did not write.
UPDATE responses r SET key_id = c.key_id, request_id = c.request_id
FROM (SELECT hold_id, key_id, request_id FROM receipts UNION ALL SELECT id, key_id, request_id FROM holds) AS c
WHERE c.hold_id = r.hold_id;

-- Everything an operator asks about, in views that show neither content nor a key's hash.
DO $$
BEGIN
  IF to_regnamespace('admin') IS NULL THEN
    CREATE SCHEMA admin;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'The role % may not create the schema admin.', current_user USING HINT = format(
    'As the owner of the database: GRANT CREATE ON DATABASE %I TO %I, or CREATE SCHEMA admin AUTHORIZATION %I.',
    current_database(), current_user, current_user);
END
$$;

COMMENT ON SCHEMA admin IS
  'For operators: views without content and without secrets. Amounts are atomic USDC (1000000 is one USDC).';

CREATE VIEW admin.keys AS
SELECT k.id AS key_id, k.account_id AS account, k.name, k.budget_limit, k.budget_spent, k.budget_held,
       greatest(k.budget_limit - k.budget_spent - k.budget_held, 0) AS budget_remaining,
       k.open_holds, k.chain_id, k.allowed_models, k.rate_limit_rpm, k.max_concurrent_requests,
       k.created_at, k.last_used_at, k.expires_at, k.revoked_at,
       k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true) AS live
FROM api_keys k;
COMMENT ON VIEW admin.keys IS 'One row per key, never the key itself.';
COMMENT ON COLUMN admin.keys.key_id IS 'The id of the key, key_…';
COMMENT ON COLUMN admin.keys.account IS 'Whose key it is.';
COMMENT ON COLUMN admin.keys.name IS 'The label that the operator gave it.';
COMMENT ON COLUMN admin.keys.budget_limit IS 'Atomic USDC over the whole life of the key; null is unlimited.';
COMMENT ON COLUMN admin.keys.budget_spent IS 'Atomic USDC that its receipts add up to.';
COMMENT ON COLUMN admin.keys.budget_held IS 'Atomic USDC set aside for calls that run now.';
COMMENT ON COLUMN admin.keys.budget_remaining IS 'Limit less spent less held, not below 0; null is unlimited.';
COMMENT ON COLUMN admin.keys.open_holds IS 'Calls that run now.';
COMMENT ON COLUMN admin.keys.chain_id IS 'The chain that its receipts name; null is the gateway''s default.';
COMMENT ON COLUMN admin.keys.allowed_models IS 'Public model ids; empty allows all.';
COMMENT ON COLUMN admin.keys.rate_limit_rpm IS 'Requests a minute; null is unlimited.';
COMMENT ON COLUMN admin.keys.max_concurrent_requests IS 'Calls at the same time; null is unlimited.';
COMMENT ON COLUMN admin.keys.created_at IS 'When it was made.';
COMMENT ON COLUMN admin.keys.last_used_at IS 'When a valid request last came with it.';
COMMENT ON COLUMN admin.keys.expires_at IS 'From when on it is refused; null is never.';
COMMENT ON COLUMN admin.keys.revoked_at IS 'When it was revoked; null is not.';
COMMENT ON COLUMN admin.keys.live IS 'Neither revoked nor expired.';

CREATE VIEW admin.receipts AS
SELECT t.id AS receipt_id, t.settled_at, t.account_id AS account, t.key_id,
       split_part(t.meter_subject, ':', 1) AS provider,
       substr(t.meter_subject, strpos(t.meter_subject, ':') + 1) AS model,
       t.request_id, t.response_id, t.network, t.settlement_status, t.tx_hash, t.estimated,
       (SELECT coalesce(sum((l ->> 'quantity')::bigint), 0)::bigint FROM json_array_elements(t.line_items) AS l
         WHERE l ->> 'key' IN ('input_tokens', 'cached_input_tokens', 'cache_write_tokens')) AS input_tokens,
       (SELECT coalesce(sum((l ->> 'quantity')::bigint), 0)::bigint FROM json_array_elements(t.line_items) AS l
         WHERE l ->> 'key' IN ('output_tokens', 'reasoning_tokens')) AS output_tokens,
       t.provider_amount, t.platform_fee, t.overrun, t.final_amount,
       round(t.final_amount / 1e6, 6) AS final_usdc
FROM receipts t;
COMMENT ON VIEW admin.receipts IS 'One row per charge.';
COMMENT ON COLUMN admin.receipts.receipt_id IS 'The id of the receipt, rct_…';
COMMENT ON COLUMN admin.receipts.settled_at IS 'When the call was charged.';
COMMENT ON COLUMN admin.receipts.account IS 'Whose call it was.';
COMMENT ON COLUMN admin.receipts.key_id IS 'The key that paid.';
COMMENT ON COLUMN admin.receipts.provider IS 'Id of the provider that answered.';
COMMENT ON COLUMN admin.receipts.model IS 'Public id of the model.';
COMMENT ON COLUMN admin.receipts.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.receipts.response_id IS 'The response or completion that was paid for.';
COMMENT ON COLUMN admin.receipts.network IS 'The chain that the receipt names, as eip155:<id>.';
COMMENT ON COLUMN admin.receipts.settlement_status IS 'settled, pending or failed.';
COMMENT ON COLUMN admin.receipts.tx_hash IS 'The transaction on that chain, where value moved there.';
COMMENT ON COLUMN admin.receipts.estimated IS 'Whether the gateway counted because the provider did not.';
COMMENT ON COLUMN admin.receipts.input_tokens IS 'Input tokens that were charged, cached and cache writes included.';
COMMENT ON COLUMN admin.receipts.output_tokens IS 'Output tokens that were charged, reasoning included.';
COMMENT ON COLUMN admin.receipts.provider_amount IS 'Atomic USDC: the sum of the lines.';
COMMENT ON COLUMN admin.receipts.platform_fee IS 'Atomic USDC on top of it.';
COMMENT ON COLUMN admin.receipts.overrun IS 'Atomic USDC that no budget covered; the operator bears it.';
COMMENT ON COLUMN admin.receipts.final_amount IS 'Atomic USDC that the key paid: provider + fee - overrun.';
COMMENT ON COLUMN admin.receipts.final_usdc IS 'The same in USDC.';

CREATE VIEW admin.usage_daily AS
SELECT (t.settled_at AT TIME ZONE 'UTC')::date AS day, t.account, t.key_id, t.provider, t.model, t.settlement_status,
       count(*) AS calls, count(*) FILTER (WHERE t.estimated) AS estimated_calls,
       sum(t.input_tokens)::bigint AS input_tokens, sum(t.output_tokens)::bigint AS output_tokens,
       sum(t.provider_amount)::bigint AS provider_amount, sum(t.platform_fee)::bigint AS platform_fee,
       sum(t.overrun)::bigint AS overrun, sum(t.final_amount)::bigint AS final_amount,
       round(sum(t.final_amount) / 1e6, 6) AS final_usdc
FROM admin.receipts t GROUP BY 1, 2, 3, 4, 5, 6;
COMMENT ON VIEW admin.usage_daily IS 'What was charged, by day (UTC), key, provider, model and status.';
COMMENT ON COLUMN admin.usage_daily.day IS 'The day in UTC.';
COMMENT ON COLUMN admin.usage_daily.account IS 'Whose calls they were.';
COMMENT ON COLUMN admin.usage_daily.key_id IS 'The key that paid.';
COMMENT ON COLUMN admin.usage_daily.provider IS 'Id of the provider that answered.';
COMMENT ON COLUMN admin.usage_daily.model IS 'Public id of the model.';
COMMENT ON COLUMN admin.usage_daily.settlement_status IS 'settled, pending or failed: only settled amounts were paid.';
COMMENT ON COLUMN admin.usage_daily.calls IS 'Charges, of which there is one per call.';
COMMENT ON COLUMN admin.usage_daily.estimated_calls IS 'Those of them that the gateway counted by itself.';
COMMENT ON COLUMN admin.usage_daily.input_tokens IS 'Input tokens that were charged.';
COMMENT ON COLUMN admin.usage_daily.output_tokens IS 'Output tokens that were charged.';
COMMENT ON COLUMN admin.usage_daily.provider_amount IS 'Atomic USDC, without the fee.';
COMMENT ON COLUMN admin.usage_daily.platform_fee IS 'Atomic USDC of fees.';
COMMENT ON COLUMN admin.usage_daily.overrun IS 'Atomic USDC that the operator bears.';
COMMENT ON COLUMN admin.usage_daily.final_amount IS 'Atomic USDC that the key paid.';
COMMENT ON COLUMN admin.usage_daily.final_usdc IS 'The same in USDC.';

-- What is counted row by row stands in the select list: it costs nothing to those who do not ask for it.
CREATE VIEW admin.responses AS
SELECT r.id AS response_id, r.account_id AS account, r.key_id, r.request_id, r.model, r.status,
       r.background, r.streamed, r.chat IS NOT NULL AS chat_completion,
       r.previous_response_id, r.conversation_id, r.process_id, r.runs,
       r.created_at, r.finished_at, r.last_used_at, r.cancel_requested_at, r.deleted_at,
       round(extract(epoch FROM r.finished_at - r.created_at) * 1000)::bigint AS duration_ms,
       (SELECT count(*) FROM response_items i WHERE i.response_id = r.id) AS items,
       coalesce(pg_column_size(r.envelope), 0) + coalesce(pg_column_size(r.request), 0)
         + coalesce(pg_column_size(r.chat), 0)
         + (SELECT coalesce(sum(pg_column_size(i.item)), 0) FROM response_items i WHERE i.response_id = r.id)
         + (SELECT coalesce(sum(pg_column_size(v.event)), 0) FROM response_events v WHERE v.response_id = r.id)
         AS content_bytes,
       (SELECT t.final_amount FROM receipts t WHERE t.hold_id = r.hold_id) AS final_amount
FROM responses r;
COMMENT ON VIEW admin.responses IS
  'One row per stored response or chat completion, without its content. Calls that were not stored have receipts only.';
COMMENT ON COLUMN admin.responses.response_id IS 'The id of the response, resp_…';
COMMENT ON COLUMN admin.responses.account IS 'Whose response it is.';
COMMENT ON COLUMN admin.responses.key_id IS 'The key that it was called with.';
COMMENT ON COLUMN admin.responses.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.responses.model IS 'Public id of the model.';
COMMENT ON COLUMN admin.responses.status IS 'queued, in_progress, completed, incomplete, failed or cancelled.';
COMMENT ON COLUMN admin.responses.background IS 'Whether it runs without a client.';
COMMENT ON COLUMN admin.responses.streamed IS 'Whether its events are logged.';
COMMENT ON COLUMN admin.responses.chat_completion IS 'Whether it is a stored chat completion.';
COMMENT ON COLUMN admin.responses.previous_response_id IS 'What it continues.';
COMMENT ON COLUMN admin.responses.conversation_id IS 'The conversation that it ran on.';
COMMENT ON COLUMN admin.responses.process_id IS 'The gateway process that ran it last.';
COMMENT ON COLUMN admin.responses.runs IS 'How often it was started; more than once only in background.';
COMMENT ON COLUMN admin.responses.created_at IS 'When the call came.';
COMMENT ON COLUMN admin.responses.finished_at IS 'When it ended; null while it runs.';
COMMENT ON COLUMN admin.responses.last_used_at IS 'When it was last continued; retention counts from here.';
COMMENT ON COLUMN admin.responses.cancel_requested_at IS 'When somebody asked to cancel it.';
COMMENT ON COLUMN admin.responses.deleted_at IS 'When its content was deleted.';
COMMENT ON COLUMN admin.responses.duration_ms IS 'Milliseconds from the call to its end.';
COMMENT ON COLUMN admin.responses.items IS 'Stored input and output items.';
COMMENT ON COLUMN admin.responses.content_bytes IS 'Bytes that its content takes, compressed as it is stored.';
COMMENT ON COLUMN admin.responses.final_amount IS 'Atomic USDC that its key paid; null where nothing was charged.';

CREATE VIEW admin.response_chains AS
WITH RECURSIVE tree AS (
  SELECT r.id AS chain_id, r.id, 1 AS depth FROM responses r
  WHERE r.previous_response_id IS NULL
     OR NOT EXISTS (SELECT FROM responses p WHERE p.id = r.previous_response_id)
  UNION ALL
  -- OFFSET 0 keeps the planner from reading the whole table again at every depth.
  SELECT t.chain_id, c.id, t.depth + 1
  FROM tree t CROSS JOIN LATERAL (SELECT r.id FROM responses r WHERE r.previous_response_id = t.id OFFSET 0) c
)
SELECT t.chain_id, r.account_id AS account, max(t.depth) AS depth, count(*) AS responses,
       count(*) FILTER (WHERE r.finished_at IS NULL) AS unfinished,
       count(*) FILTER (WHERE r.deleted_at IS NOT NULL) AS deleted,
       array_agg(DISTINCT r.model ORDER BY r.model) AS models,
       min(r.created_at) AS first_created_at, max(r.created_at) AS last_created_at,
       coalesce(sum(c.final_amount), 0)::bigint AS final_amount
FROM tree t JOIN responses r ON r.id = t.id LEFT JOIN receipts c ON c.hold_id = r.hold_id
GROUP BY t.chain_id, r.account_id;
COMMENT ON VIEW admin.response_chains IS
  'One row per chain: a response that continues no stored one, and all that continue it, forks included.';
COMMENT ON COLUMN admin.response_chains.chain_id IS 'The id of its first response.';
COMMENT ON COLUMN admin.response_chains.account IS 'Whose chain it is.';
COMMENT ON COLUMN admin.response_chains.depth IS 'Responses on the longest way through it; 1 was never continued.';
COMMENT ON COLUMN admin.response_chains.responses IS 'Responses in it.';
COMMENT ON COLUMN admin.response_chains.unfinished IS 'Those of them that have not ended.';
COMMENT ON COLUMN admin.response_chains.deleted IS 'Those of them whose content was deleted.';
COMMENT ON COLUMN admin.response_chains.models IS 'Public ids of the models that took part.';
COMMENT ON COLUMN admin.response_chains.first_created_at IS 'When it began.';
COMMENT ON COLUMN admin.response_chains.last_created_at IS 'When it was last continued.';
COMMENT ON COLUMN admin.response_chains.final_amount IS 'Atomic USDC that its responses cost.';

CREATE VIEW admin.conversations AS
SELECT c.id AS conversation_id, c.account_id AS account, c.created_at, c.last_used_at, c.deleted_at,
       (SELECT count(*) FROM responses r WHERE r.conversation_id = c.id) AS responses,
       (SELECT count(*) FROM conversation_items i WHERE i.conversation_id = c.id) AS items,
       (SELECT coalesce(sum(pg_column_size(i.item)), 0) FROM conversation_items i
         WHERE i.conversation_id = c.id)::bigint AS content_bytes,
       (SELECT coalesce(sum(t.final_amount), 0) FROM responses r JOIN receipts t ON t.hold_id = r.hold_id
         WHERE r.conversation_id = c.id)::bigint AS final_amount
FROM conversations c;
COMMENT ON VIEW admin.conversations IS 'One row per conversation, without its content.';
COMMENT ON COLUMN admin.conversations.conversation_id IS 'The id of the conversation, conv_…';
COMMENT ON COLUMN admin.conversations.account IS 'Whose conversation it is.';
COMMENT ON COLUMN admin.conversations.created_at IS 'When it was made.';
COMMENT ON COLUMN admin.conversations.last_used_at IS 'When it was last used; retention counts from here.';
COMMENT ON COLUMN admin.conversations.deleted_at IS 'When it was deleted.';
COMMENT ON COLUMN admin.conversations.responses IS 'Stored responses on it.';
COMMENT ON COLUMN admin.conversations.items IS 'Items in it.';
COMMENT ON COLUMN admin.conversations.content_bytes IS 'Bytes that its items take, compressed as they are stored.';
COMMENT ON COLUMN admin.conversations.final_amount IS 'Atomic USDC that its stored responses cost.';

CREATE VIEW admin.open_holds AS
SELECT h.id AS hold_id, h.created_at, h.account_id AS account, h.key_id, h.terms ->> 'provider' AS provider,
       h.terms ->> 'model' AS model, h.request_id, h.response_id, h.amount, h.sent, h.input_tokens, h.output_tokens,
       h.process_id, coalesce(p.lease_expires_at > now(), false) AS process_alive
FROM holds h LEFT JOIN gateway_processes p ON p.id = h.process_id;
COMMENT ON VIEW admin.open_holds IS 'One row per call that runs now, and the money set aside for it.';
COMMENT ON COLUMN admin.open_holds.hold_id IS 'The id of the hold, hold_…';
COMMENT ON COLUMN admin.open_holds.created_at IS 'When the call was let in.';
COMMENT ON COLUMN admin.open_holds.account IS 'Whose call it is.';
COMMENT ON COLUMN admin.open_holds.key_id IS 'The key that pays.';
COMMENT ON COLUMN admin.open_holds.provider IS 'Id of the provider that is asked.';
COMMENT ON COLUMN admin.open_holds.model IS 'Public id of the model.';
COMMENT ON COLUMN admin.open_holds.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.open_holds.response_id IS 'The response that is being made.';
COMMENT ON COLUMN admin.open_holds.amount IS 'Atomic USDC set aside.';
COMMENT ON COLUMN admin.open_holds.sent IS 'Whether anything went to the provider, as of the last lease renewal.';
COMMENT ON COLUMN admin.open_holds.input_tokens IS 'Input tokens, as of the last lease renewal.';
COMMENT ON COLUMN admin.open_holds.output_tokens IS 'Output tokens so far, as of the last lease renewal.';
COMMENT ON COLUMN admin.open_holds.process_id IS 'The gateway process that runs it.';
COMMENT ON COLUMN admin.open_holds.process_alive IS 'Whether the lease of that process still runs.';

CREATE VIEW admin.overruns AS
SELECT o.id AS overrun_id, o.created_at, o.account_id AS account, o.key_id, o.request_id, o.amount, o.reason
FROM overruns o;
COMMENT ON VIEW admin.overruns IS 'One row per use that no budget paid for; the operator bears it.';
COMMENT ON COLUMN admin.overruns.overrun_id IS 'The id of the overrun, ovr_…';
COMMENT ON COLUMN admin.overruns.created_at IS 'When it was booked.';
COMMENT ON COLUMN admin.overruns.account IS 'Whose call it was.';
COMMENT ON COLUMN admin.overruns.key_id IS 'The key whose budget did not cover it.';
COMMENT ON COLUMN admin.overruns.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.overruns.amount IS 'Atomic USDC.';
COMMENT ON COLUMN admin.overruns.reason IS
  'above_budget: more was used than hold and free budget cover. after_sweep: reported after the hold had been ended.';

-- Roles belong to the server, not to this database: it may be there already, and making one may be forbidden.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gateway_readonly') THEN
    CREATE ROLE gateway_readonly NOLOGIN;
  END IF;
EXCEPTION
  WHEN insufficient_privilege THEN
    RAISE NOTICE 'The role gateway_readonly cannot be made by %; docs/admin-queries.md says how to.', current_user;
  WHEN duplicate_object OR unique_violation THEN
    NULL; -- Made for another database at this very moment.
END
$$;

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gateway_readonly') THEN
    GRANT USAGE ON SCHEMA admin TO gateway_readonly;
    GRANT SELECT ON ALL TABLES IN SCHEMA admin TO gateway_readonly;
    ALTER DEFAULT PRIVILEGES IN SCHEMA admin GRANT SELECT ON TABLES TO gateway_readonly;
  END IF;
END
$$;
