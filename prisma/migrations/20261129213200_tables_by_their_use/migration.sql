-- CreateIndex
CREATE INDEX IF NOT EXISTS "conversations_created_at_idx" ON "conversations"("created_at");

-- Only inserts: vacuum marks what is new as visible to all, and freezes it, a hundred thousand rows at a time, however
-- large the table has become, where a fifth of it would be weeks of work at once. What is known of the newest rows is fresh.
ALTER TABLE receipts SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
  autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE charge_entries SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000);
ALTER TABLE ledger_entries SET (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000);

-- Inserted and, after days, deleted; responses are updated once or twice between. The default of a fifth of a table leaves
-- the room of six days of thirty unused.
ALTER TABLE responses SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE response_items SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE conversation_items SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE response_events SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE idempotency_records SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE videos SET (autovacuum_vacuum_scale_factor = 0.05);

-- Updated in columns that no index has: with room on the page, an update touches no index (HOT), and leaves nothing for
-- vacuum. api_keys (50) and holds (70) have it since the first version.
ALTER TABLE accounts SET (fillfactor = 50);
ALTER TABLE conversations SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE usage_days SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
