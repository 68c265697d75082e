-- For operators, who look for what is seldom. A charge that is settled at once, and a response that is completed, have no
-- entry here, and cost nothing.
CREATE INDEX IF NOT EXISTS receipts_unsettled_idx ON receipts (settled_at) WHERE settlement_status <> 'settled';
CREATE INDEX IF NOT EXISTS responses_not_completed_idx ON responses (status, created_at)
  WHERE status IN ('failed', 'incomplete', 'cancelled');

-- As before, but that a chain is followed from its beginning: whoever asks for one, or for those of an account or of some
-- days, has no other followed. No response is older than the one that it continues.
CREATE OR REPLACE VIEW admin.response_chains AS
SELECT f.id AS chain_id, f.account_id AS account, c.depth, c.responses, c.unfinished, c.deleted, c.models,
       f.created_at::timestamptz AS first_created_at, c.last_created_at, c.final_amount
FROM responses f CROSS JOIN LATERAL (
  WITH RECURSIVE tree AS (
    SELECT f.id, 1 AS depth
    UNION ALL
    SELECT r.id, t.depth + 1
    FROM tree t CROSS JOIN LATERAL (SELECT r.id FROM responses r WHERE r.previous_response_id = t.id OFFSET 0) AS r)
  SELECT max(t.depth) AS depth, count(*) AS responses, count(*) FILTER (WHERE r.finished_at IS NULL) AS unfinished,
         count(*) FILTER (WHERE r.deleted_at IS NOT NULL) AS deleted,
         array_agg(DISTINCT r.model ORDER BY r.model) AS models, max(r.created_at) AS last_created_at,
         coalesce(sum(p.final_amount), 0)::bigint AS final_amount
  FROM tree t
  CROSS JOIN LATERAL (SELECT * FROM responses r WHERE r.id = t.id OFFSET 0) AS r
  LEFT JOIN LATERAL (SELECT p.final_amount FROM receipts p WHERE p.hold_id = r.hold_id OFFSET 0) AS p ON true) AS c
WHERE f.previous_response_id IS NULL OR NOT EXISTS (SELECT FROM responses p WHERE p.id = f.previous_response_id);
