-- Whether an account may store so many bytes more; p_most is what accounts without a bound of their own may store. It is
-- what find_room says of one call, for half of what that costs. An index is read whatever statistics say: the table is
-- empty one moment and has a second's calls the next. storage_is_full says the opposite, for gateways of earlier releases.
CREATE FUNCTION has_room(p_account_id text, p_bytes bigint, p_most bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  RETURN (
    SELECT coalesce(a.max_stored_bytes, p_most) - a.stored_bytes
      - coalesce((SELECT sum(c.bytes) FROM stored_changes c WHERE c.account_id = a.id), 0) >= p_bytes
    FROM accounts a WHERE a.id = p_account_id);
END
$$;
