-- DropIndex
-- Every call wrote to it, and what asks for the holds of a process asks a few times a minute, of a small table.
DROP INDEX "holds_process_id_idx";

-- Which calls of a batch add bytes to an account that has no room for them. p_bytes is null for a call that stores
-- nothing; p_most is what accounts without a bound of their own may store. What an account has stored is summed up once,
-- however many of its calls there are: the sum is that of stored_bytes(accounts).
CREATE FUNCTION find_room(p_key_hashes bytea[], p_bytes bigint[], p_most bigint)
RETURNS TABLE (ordinal integer, hash bytea, is_full boolean)
LANGUAGE plpgsql STABLE ROWS 10 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
  WITH storing AS MATERIALIZED (
    SELECT r.position::integer AS place, r.hash, r.bytes, k.account_id
    FROM unnest(p_key_hashes, p_bytes) WITH ORDINALITY AS r (hash, bytes, position)
    LEFT JOIN api_keys k ON k.key_hash = r.hash AND r.bytes IS NOT NULL
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())),
  rooms AS MATERIALIZED (
    SELECT a.id, coalesce(a.max_stored_bytes, p_most) - a.stored_bytes
      - coalesce((SELECT sum(c.bytes) FROM stored_changes c WHERE c.account_id = a.id), 0) AS bytes
    FROM accounts a WHERE a.id IN (SELECT s.account_id FROM storing s))
  SELECT s.place, s.hash, coalesce(s.bytes > r.bytes, false)
  FROM storing s LEFT JOIN rooms r ON r.id = s.account_id;
END
$$;
