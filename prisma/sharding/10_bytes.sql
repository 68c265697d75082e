-- Installed by `slipstream distribute` alone, on the coordinator of a Citus cluster, in place of what triggers and single
-- statements do on one server. Every function takes the account whose content it touches, so that each of its statements
-- goes to one shard.

-- Whether bytes of a row count: as the triggers of a database on one server do.
CREATE OR REPLACE FUNCTION sharded.answer_size(content text, headers json) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT 256 + coalesce(octet_length(content), 0) + coalesce(octet_length(headers::text), 0)::bigint
$$;

-- Ends every function that writes content. Bytes are noted beside the money, which stays on the coordinator. The statement
-- that finds no row makes the transaction a two-phase commit: one that writes to a single worker, and to tables of
-- the coordinator that Citus does not know, would else be committed there first, and could be lost here.
CREATE OR REPLACE FUNCTION sharded.note_stored(p_account text, p_bytes bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_bytes <> 0 THEN
    INSERT INTO stored_changes (account_id, bytes) VALUES (p_account, p_bytes);
  END IF;
  DELETE FROM sharded.two_phases WHERE id = -1;
END
$$;

-- The same for a batch: one row for each account.
CREATE OR REPLACE FUNCTION sharded.note_all_stored(p_accounts text[], p_bytes bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stored_changes (account_id, bytes)
  SELECT c.account, sum(c.bytes) FROM unnest(p_accounts, p_bytes) AS c (account, bytes) GROUP BY c.account;
  DELETE FROM sharded.two_phases WHERE id = -1;
END
$$;
