-- Replicas of the version before still write: all that is locked below is locked at once, before anything is held.
LOCK TABLE responses, response_items, response_events, conversations, conversation_items, idempotency_records, videos,
  accounts IN ACCESS EXCLUSIVE MODE;

-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "max_stored_bytes" BIGINT,
ADD COLUMN     "stored_bytes" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "response_events" ADD COLUMN     "account_id" TEXT;

-- AlterTable
ALTER TABLE "responses" ADD COLUMN     "stored_bytes" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "stored_changes" (
    "account_id" TEXT NOT NULL,
    "id" BIGSERIAL NOT NULL,
    "bytes" BIGINT NOT NULL,

    CONSTRAINT "stored_changes_pkey" PRIMARY KEY ("account_id","id")
);

-- Rows of this table live for seconds.
ALTER TABLE stored_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE accounts ADD CONSTRAINT accounts_max_stored_bytes_not_negative CHECK (max_stored_bytes >= 0);

-- What each table's rows count: their content, and for the row itself 256 bytes, so that small ones are bounded too. A
-- response counts its items, and once it has ended its envelope, until which that is rewritten.
-- Content is counted as it was written, not compressed: what is taken away is what was added, to the byte.
CREATE FUNCTION stored_size(r responses) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT 256 + CASE WHEN r.finished_at IS NULL THEN 0
                    ELSE coalesce(octet_length(r.envelope::text), 0) + coalesce(octet_length(r.chat::text), 0) END
    + coalesce((SELECT sum(256 + octet_length(i.item::text)) FROM response_items i WHERE i.response_id = r.id), 0)::bigint
$$;
CREATE FUNCTION answer_size(content text, headers json) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT 256 + coalesce(octet_length(content), 0) + coalesce(octet_length(headers::text), 0)::bigint
$$;
CREATE FUNCTION stored_size(c conversations) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT 256 + octet_length(c.metadata::text)::bigint
$$;
CREATE FUNCTION stored_size(v videos) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT 256 + coalesce(octet_length(v.request::text), 0) + coalesce(octet_length(v.content::text), 0)
    + coalesce(octet_length(v.error::text), 0)::bigint
$$;

-- Whoever writes or erases is noticed here. A row for each change, not one counter: calls of one account must not wait
-- for each other. A response says itself what it counts with its items; the two statements of a call that stores, of which
-- there are many, write their changes themselves, one for all their calls of an account: see src/storage/records.
CREATE FUNCTION note_stored_response() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO stored_changes (account_id, bytes) VALUES (OLD.account_id, -OLD.stored_bytes);
  ELSE
    INSERT INTO stored_changes (account_id, bytes) VALUES (NEW.account_id, NEW.stored_bytes - OLD.stored_bytes);
  END IF;
  RETURN NULL;
END
$$;

-- For tables of which one statement may write or erase many rows: one sum for each statement and account.
CREATE FUNCTION note_stored_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM came) THEN RETURN NULL; END IF;
    INSERT INTO stored_changes (account_id, bytes)
    SELECT c.account_id, sum(256 + octet_length(c.item::text)) FROM came c GROUP BY c.account_id;
  ELSE
    INSERT INTO stored_changes (account_id, bytes)
    SELECT g.account_id, -sum(256 + octet_length(g.item::text)) FROM gone g GROUP BY g.account_id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_stored_came AFTER INSERT ON conversation_items REFERENCING NEW TABLE AS came
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_items();
CREATE TRIGGER note_stored_gone AFTER DELETE ON conversation_items REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_items();

CREATE FUNCTION note_stored_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM came) THEN RETURN NULL; END IF;
    INSERT INTO stored_changes (account_id, bytes)
    SELECT c.account_id, sum(256 + octet_length(c.event::text)) FROM came c
    WHERE c.account_id IS NOT NULL GROUP BY c.account_id;
  ELSE
    INSERT INTO stored_changes (account_id, bytes)
    SELECT g.account_id, -sum(256 + octet_length(g.event::text)) FROM gone g
    WHERE g.account_id IS NOT NULL GROUP BY g.account_id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_stored_came AFTER INSERT ON response_events REFERENCING NEW TABLE AS came
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_events();
CREATE TRIGGER note_stored_gone AFTER DELETE ON response_events REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_events();

CREATE FUNCTION note_stored_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM came) THEN RETURN NULL; END IF;
    INSERT INTO stored_changes (account_id, bytes)
    SELECT c.account_id, sum(answer_size(c.content, c.headers)) FROM came c GROUP BY c.account_id;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO stored_changes (account_id, bytes)
    SELECT g.account_id, -sum(answer_size(g.content, g.headers)) FROM gone g GROUP BY g.account_id;
  ELSE
    IF NOT EXISTS (SELECT FROM came) THEN RETURN NULL; END IF;
    INSERT INTO stored_changes (account_id, bytes)
    SELECT s.account_id, sum(s.bytes) FROM (
      SELECT c.account_id, answer_size(c.content, c.headers) AS bytes FROM came c
      UNION ALL SELECT g.account_id, -answer_size(g.content, g.headers) FROM gone g) AS s
    GROUP BY s.account_id HAVING sum(s.bytes) <> 0;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_stored_came AFTER INSERT ON idempotency_records REFERENCING NEW TABLE AS came
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_answers();
CREATE TRIGGER note_stored_gone AFTER DELETE ON idempotency_records REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_answers();
CREATE TRIGGER note_stored_change AFTER UPDATE ON idempotency_records REFERENCING OLD TABLE AS gone NEW TABLE AS came
  FOR EACH STATEMENT EXECUTE FUNCTION note_stored_answers();

-- For tables whose rows come one by one, and change.
CREATE FUNCTION note_stored_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO stored_changes (account_id, bytes) VALUES (NEW.account_id, stored_size(NEW));
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO stored_changes (account_id, bytes) VALUES (OLD.account_id, -stored_size(OLD));
  ELSE
    INSERT INTO stored_changes (account_id, bytes) VALUES (NEW.account_id, stored_size(NEW) - stored_size(OLD));
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_stored AFTER INSERT OR DELETE ON conversations FOR EACH ROW EXECUTE FUNCTION note_stored_row();
CREATE TRIGGER note_stored AFTER INSERT OR DELETE ON videos FOR EACH ROW EXECUTE FUNCTION note_stored_row();
-- Rows change more often than their content: what tells the two apart is read from the row alone.
CREATE TRIGGER note_stored_change AFTER UPDATE ON conversations FOR EACH ROW WHEN (
  octet_length(OLD.metadata::text) <> octet_length(NEW.metadata::text)) EXECUTE FUNCTION note_stored_row();
CREATE TRIGGER note_stored_change AFTER UPDATE ON videos FOR EACH ROW WHEN (
  (OLD.finished_at, OLD.deleted_at) IS DISTINCT FROM (NEW.finished_at, NEW.deleted_at))
  EXECUTE FUNCTION note_stored_row();

-- What is there already. Nobody writes meanwhile: the tables are locked.
UPDATE responses r SET stored_bytes = stored_size(r);
INSERT INTO stored_changes (account_id, bytes)
SELECT s.account_id, sum(s.bytes) FROM (
  SELECT r.account_id, r.stored_bytes AS bytes FROM responses r
  UNION ALL SELECT c.account_id, stored_size(c) FROM conversations c
  UNION ALL SELECT o.account_id, answer_size(o.content, o.headers) FROM idempotency_records o
  UNION ALL SELECT v.account_id, stored_size(v) FROM videos v
  UNION ALL SELECT i.account_id, 256 + octet_length(i.item::text) FROM conversation_items i) AS s
GROUP BY s.account_id;

CREATE TRIGGER note_stored AFTER DELETE ON responses FOR EACH ROW EXECUTE FUNCTION note_stored_response();
CREATE TRIGGER note_stored_change AFTER UPDATE ON responses FOR EACH ROW
  WHEN (OLD.stored_bytes <> NEW.stored_bytes AND OLD.finished_at IS NOT DISTINCT FROM NEW.finished_at)
  EXECUTE FUNCTION note_stored_response();

-- Brings changes to their accounts, at most p_limit of them. One at a time, over all replicas.
CREATE FUNCTION fold_stored_changes(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  folded integer := 0;
BEGIN
  IF pg_try_advisory_xact_lock(hashtext('fold_stored_changes')) THEN
    WITH gone AS (
      DELETE FROM stored_changes WHERE ctid IN (SELECT c.ctid FROM stored_changes c LIMIT p_limit)
      RETURNING account_id, bytes),
    sums AS (SELECT g.account_id, sum(g.bytes) AS bytes FROM gone g GROUP BY g.account_id),
    added AS (
      UPDATE accounts a SET stored_bytes = a.stored_bytes + s.bytes FROM sums s WHERE a.id = s.account_id)
    SELECT count(*) INTO folded FROM gone;
  END IF;
  RETURN folded;
END
$$;

-- As of now, to the byte.
CREATE FUNCTION stored_bytes(a accounts) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT (a.stored_bytes + coalesce((SELECT sum(c.bytes) FROM stored_changes c WHERE c.account_id = a.id), 0))::bigint
$$;

-- Whether an account has no room for so many bytes more. p_most: what is configured for accounts without a bound of
-- their own.
CREATE FUNCTION storage_is_full(p_account_id text, p_adding bigint, p_most bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT stored_bytes(a) + p_adding > coalesce(a.max_stored_bytes, p_most) FROM accounts a WHERE a.id = p_account_id
$$;

CREATE VIEW admin.accounts AS
SELECT a.id AS account, a.created_at, (SELECT count(*) FROM api_keys k WHERE k.account_id = a.id) AS keys,
       (a.stored_bytes + coalesce((SELECT sum(c.bytes) FROM stored_changes c WHERE c.account_id = a.id), 0))::bigint
         AS stored_bytes, a.max_stored_bytes
FROM accounts a;
COMMENT ON VIEW admin.accounts IS 'One row per account, with what it has stored.';
COMMENT ON COLUMN admin.accounts.account IS 'The name of the account.';
COMMENT ON COLUMN admin.accounts.created_at IS 'When its first key was made.';
COMMENT ON COLUMN admin.accounts.keys IS 'Its keys, those that have ended included.';
COMMENT ON COLUMN admin.accounts.stored_bytes IS
  'Bytes of its responses, completions, conversations, event logs, videos'' metadata and kept answers, as they were written.';
COMMENT ON COLUMN admin.accounts.max_stored_bytes IS 'How many it may store; null: as MAX_STORED_BYTES says for all.';
