-- For the lists of one session. A call without one has nothing in it.
CREATE INDEX IF NOT EXISTS "receipts_session_idx" ON "receipts"("session_id", "settled_at") WHERE "session_id" IS NOT NULL;
