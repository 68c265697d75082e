-- Views of operators over all shards. What was paid is on the coordinator: Citus sends the amounts to the workers where a
-- view asks for them of all rows, so lists of the admin API read sharded.responses and look up the amounts of a page.
CREATE OR REPLACE VIEW sharded.responses AS
SELECT r.id AS response_id, r.account_id AS account, r.key_id, r.request_id, r.model, r.status,
       r.background, r.streamed, r.chat IS NOT NULL AS chat_completion,
       r.previous_response_id, r.conversation_id, r.process_id, r.runs,
       r.created_at, r.finished_at, r.last_used_at, r.cancel_requested_at, r.deleted_at,
       round(extract(epoch FROM r.finished_at - r.created_at) * 1000)::bigint AS duration_ms,
       i.items, coalesce(pg_column_size(r.envelope), 0) + coalesce(pg_column_size(r.request), 0)
         + coalesce(pg_column_size(r.chat), 0) + i.bytes + v.bytes AS content_bytes, r.hold_id
FROM responses r
CROSS JOIN LATERAL (
  SELECT count(*) AS items, coalesce(sum(pg_column_size(i.item)), 0) AS bytes FROM response_items i
  WHERE i.account_id = r.account_id AND i.response_id = r.id) AS i
CROSS JOIN LATERAL (
  SELECT coalesce(sum(pg_column_size(v.event)), 0) AS bytes FROM response_events v
  WHERE v.account_id = r.account_id AND v.response_id = r.id) AS v;

CREATE OR REPLACE VIEW admin.responses AS
SELECT r.response_id, r.account, r.key_id, r.request_id, r.model, r.status, r.background, r.streamed, r.chat_completion,
       r.previous_response_id, r.conversation_id, r.process_id, r.runs, r.created_at, r.finished_at, r.last_used_at,
       r.cancel_requested_at, r.deleted_at, r.duration_ms, r.items, r.content_bytes, p.final_amount
FROM sharded.responses r LEFT JOIN receipts p ON p.hold_id = r.hold_id;

CREATE OR REPLACE VIEW admin.conversations AS
SELECT c.id AS conversation_id, c.account_id AS account, c.created_at, c.last_used_at, c.deleted_at,
       coalesce(r.responses, 0) AS responses, i.items, i.bytes AS content_bytes, coalesce(r.final_amount, 0)::bigint AS final_amount
FROM conversations c
CROSS JOIN LATERAL (
  SELECT count(*) AS items, coalesce(sum(pg_column_size(i.item)), 0)::bigint AS bytes FROM conversation_items i
  WHERE i.account_id = c.account_id AND i.conversation_id = c.id) AS i
LEFT JOIN (
  SELECT r.account_id, r.conversation_id, count(*) AS responses, sum(p.final_amount) AS final_amount
  FROM responses r LEFT JOIN receipts p ON p.hold_id = r.hold_id
  WHERE r.conversation_id IS NOT NULL GROUP BY r.account_id, r.conversation_id) AS r
  ON r.account_id = c.account_id AND r.conversation_id = c.id;

CREATE OR REPLACE VIEW admin.idempotency_records AS
SELECT i.account_id AS account, i.key AS idempotency_key, i.response_id, p.id AS receipt_id,
       i.created_at, i.finished_at, coalesce(i.kind, 'running') AS state, i.replays,
       octet_length(i.content) AS content_bytes
FROM idempotency_records i LEFT JOIN receipts p ON p.hold_id = i.hold_id;
