-- A statement that waited for a key's row goes by the time at which it got the row, not by the one at which it began:
-- calls that were counted in between are ahead of its beginning, so that it refused calls that have room, and told
-- others to wait longer than until the next one may come. Nothing else of take_holds is changed.
CREATE OR REPLACE FUNCTION take_holds(
  p_process_id text, p_retry boolean,
  p_hold_ids text[], p_key_hashes bytea[], p_models text[], p_wanted bigint[], p_minimum bigint[],
  p_request_ids text[], p_response_ids text[], p_idempotency_keys text[], p_input_tokens integer[], p_terms text[]
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  k record;
  i integer;
  free bigint;
  held bigint;
  running integer;
  moment timestamptz;
  arrival timestamptz;
  spacing interval;
  verdict text;
  amount bigint;
  existing bigint;
  wait_ms integer;
  holds_to_add integer[] := '{}';
  amounts bigint[] := '{}';
  owners text[] := '{}';
  accounts text[] := '{}';
BEGIN
  PERFORM 1 FROM gateway_processes p WHERE p.id = p_process_id AND p.lease_expires_at > now();
  IF NOT FOUND THEN
    RETURN QUERY SELECT o, 'no_lease', NULL::text, NULL::text, NULL::integer, 0::bigint, NULL::bigint, 0::bigint,
      0::bigint, 0::bigint, 1000 FROM generate_series(1, cardinality(p_hold_ids)) AS o;
    RETURN;
  END IF;

  PERFORM 1 FROM api_keys a WHERE a.key_hash = ANY (p_key_hashes) ORDER BY a.id FOR UPDATE;

  FOR k IN
    SELECT a.*, array_agg(r.position::integer ORDER BY r.position) AS positions
    FROM unnest(p_key_hashes) WITH ORDINALITY AS r (hash, position)
    JOIN api_keys a ON a.key_hash = r.hash
    GROUP BY a.id ORDER BY a.id
  LOOP
    held := k.budget_held;
    running := k.open_holds;
    moment := clock_timestamp();
    arrival := greatest(coalesce(k.rate_arrival_at, moment), moment);
    spacing := make_interval(secs => 60.0 / k.rate_limit_rpm);

    FOREACH i IN ARRAY k.positions LOOP
      amount := 0;
      wait_ms := NULL;
      free := CASE WHEN k.budget_limit IS NULL THEN p_wanted[i] ELSE k.budget_limit - k.budget_spent - held END;
      existing := NULL;
      IF p_retry THEN
        SELECT h.amount INTO existing FROM holds h WHERE h.id = p_hold_ids[i];
      END IF;

      IF existing IS NOT NULL THEN
        verdict := 'granted';
        amount := existing;
      ELSIF k.revoked_at IS NOT NULL THEN
        verdict := 'revoked';
      ELSIF k.expires_at <= now() THEN
        verdict := 'expired';
      ELSIF arrival + spacing > moment + interval '60 seconds' THEN
        verdict := 'rate_limited';
        wait_ms := ceil(extract(epoch FROM arrival + spacing - interval '60 seconds' - moment) * 1000);
      ELSIF running >= k.max_concurrent_requests THEN
        verdict := 'concurrency_limited';
      ELSIF cardinality(k.allowed_models) > 0 AND NOT p_models[i] = ANY (k.allowed_models) THEN
        verdict := 'model_not_allowed';
      ELSIF least(p_wanted[i], free) >= p_minimum[i] THEN
        verdict := 'granted';
        amount := least(p_wanted[i], free);
        held := held + amount;
        running := running + 1;
        holds_to_add := holds_to_add || i;
        amounts := amounts || amount;
        owners := owners || k.id;
        accounts := accounts || k.account_id;
      ELSIF k.budget_limit - k.budget_spent >= p_minimum[i] THEN
        verdict := 'budget_held';
      ELSE
        verdict := 'insufficient_budget';
      END IF;
      IF k.rate_limit_rpm IS NOT NULL AND verdict NOT IN ('revoked', 'expired', 'rate_limited') THEN
        arrival := arrival + spacing;
      END IF;

      ordinal := i; outcome := verdict; key_id := k.id; account_id := k.account_id; chain_id := k.chain_id;
      granted := amount; budget_limit := k.budget_limit; budget_spent := k.budget_spent; budget_held := held;
      required := p_minimum[i]; retry_after_ms := wait_ms;
      RETURN NEXT;
    END LOOP;

    -- A key that is not valid is not used by knocking with it.
    CONTINUE WHEN k.revoked_at IS NOT NULL OR k.expires_at <= now();
    UPDATE api_keys a
    SET budget_held = held, open_holds = running, last_used_at = now(),
        rate_arrival_at = CASE WHEN k.rate_limit_rpm IS NULL THEN NULL ELSE arrival END
    WHERE a.id = k.id;
  END LOOP;

  INSERT INTO holds (id, key_id, account_id, process_id, request_id, response_id, idempotency_key, amount,
                     input_tokens, terms)
  SELECT p_hold_ids[n.i], n.owner, n.account, p_process_id, p_request_ids[n.i], p_response_ids[n.i],
         p_idempotency_keys[n.i], n.amount, p_input_tokens[n.i], p_terms[n.i]::json
  FROM unnest(holds_to_add, amounts, owners, accounts) AS n (i, amount, owner, account);
END
$$;
