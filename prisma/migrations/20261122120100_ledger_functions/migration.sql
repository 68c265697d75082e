-- Key, process and hold rows change with every call: leave room so that updates stay on their page (HOT).
ALTER TABLE api_keys SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE holds SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

ALTER TABLE api_keys
  ADD CONSTRAINT api_keys_amounts_not_negative CHECK (budget_spent >= 0 AND budget_held >= 0 AND open_holds >= 0);
ALTER TABLE holds ADD CONSTRAINT holds_amount_not_negative CHECK (amount >= 0);

-- Takes the holds of one batch of calls, in the order of the arrays. Each call gets min(wanted, free) if that is at
-- least its minimum, else nothing; a refused call takes nothing from later ones. A call whose key is unknown has no
-- row in the answer. Key rows are locked in id order, here and in every other function, so that batches cannot
-- deadlock. p_retry: the outcome of an earlier attempt is unknown, so a hold that exists already is granted again.
CREATE FUNCTION take_holds(
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
    arrival := greatest(coalesce(k.rate_arrival_at, now()), now());
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
      ELSIF arrival + spacing > now() + interval '60 seconds' THEN
        verdict := 'rate_limited';
        wait_ms := ceil(extract(epoch FROM arrival + spacing - interval '60 seconds' - now()) * 1000);
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

-- Ends a batch of holds with a charge each: the price, as far as the hold and then the free budget cover it; what is
-- left is the operator's overrun. The receipt and the entries, which sum to zero, are written here and nowhere else.
-- A hold that has ended already (swept, or settled by an attempt whose answer was lost) is not charged again: the
-- same receipt id gives the same answer, another one books what was used as an overrun, unless p_sweep, since then
-- it was another sweeper that came first.
CREATE FUNCTION settle_holds(
  p_sweep boolean,
  p_hold_ids text[], p_key_ids text[], p_account_ids text[], p_request_ids text[], p_response_ids text[],
  p_idempotency_keys text[], p_receipt_ids text[], p_networks text[], p_subjects text[], p_providers text[],
  p_provider_amounts bigint[], p_fees bigint[], p_line_items text[], p_estimated boolean[], p_signatures text[],
  p_settled_at timestamptz[]
) RETURNS TABLE (ordinal integer, outcome text, final_amount bigint, overrun bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  k record;
  earlier record;
  n integer;
  i integer;
  price bigint;
  spent bigint;
  held bigint;
  running integer;
  ended_ids text[];
  ended_amounts bigint[];
  outcomes text[] := array_fill(NULL::text, ARRAY[cardinality(p_hold_ids)]);
  finals bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_hold_ids)]);
  overruns_by bigint[] := array_fill(0::bigint, ARRAY[cardinality(p_hold_ids)]);
BEGIN
  PERFORM 1 FROM api_keys a WHERE a.id = ANY (p_key_ids) ORDER BY a.id FOR UPDATE;

  WITH ended AS (DELETE FROM holds h WHERE h.id = ANY (p_hold_ids) RETURNING h.id, h.amount)
  SELECT array_agg(e.id), array_agg(e.amount) INTO ended_ids, ended_amounts FROM ended e;

  FOR k IN
    SELECT a.id, a.budget_limit, a.budget_spent, a.budget_held, a.open_holds,
           array_agg(r.position::integer ORDER BY r.position) AS positions,
           array_agg(e.amount ORDER BY r.position) AS amounts
    FROM unnest(p_hold_ids, p_key_ids) WITH ORDINALITY AS r (hold_id, key_id, position)
    JOIN api_keys a ON a.id = r.key_id
    LEFT JOIN unnest(ended_ids, ended_amounts) AS e (id, amount) ON e.id = r.hold_id
    GROUP BY a.id ORDER BY a.id
  LOOP
    spent := k.budget_spent;
    held := k.budget_held;
    running := k.open_holds;
    FOR n IN 1 .. cardinality(k.positions) LOOP
      i := k.positions[n];
      price := p_provider_amounts[i] + p_fees[i];
      IF k.amounts[n] IS NOT NULL THEN
        held := held - k.amounts[n];
        running := running - 1;
        outcomes[i] := 'settled';
        finals[i] := CASE WHEN k.budget_limit IS NULL THEN price
          ELSE least(price, greatest(k.budget_limit - spent - held, k.amounts[n])) END;
        overruns_by[i] := price - finals[i];
        spent := spent + finals[i];
      ELSE
        SELECT r.id, r.final_amount, r.overrun INTO earlier FROM receipts r WHERE r.hold_id = p_hold_ids[i];
        IF earlier.id = p_receipt_ids[i] THEN
          outcomes[i] := 'repeated';
          finals[i] := earlier.final_amount;
          overruns_by[i] := earlier.overrun;
        ELSE
          outcomes[i] := 'ended_before';
          overruns_by[i] := CASE WHEN p_sweep THEN 0 ELSE greatest(price - coalesce(earlier.final_amount, 0), 0) END;
        END IF;
      END IF;
    END LOOP;
    UPDATE api_keys a SET budget_spent = spent, budget_held = held, open_holds = running WHERE a.id = k.id;
  END LOOP;

  INSERT INTO receipts (id, hold_id, key_id, account_id, request_id, response_id, idempotency_key, network,
    meter_subject, provider_amount, platform_fee, final_amount, overrun, line_items, estimated, signature, settled_at)
  SELECT p_receipt_ids[o], p_hold_ids[o], p_key_ids[o], p_account_ids[o], p_request_ids[o], p_response_ids[o],
    p_idempotency_keys[o], p_networks[o], p_subjects[o], p_provider_amounts[o], p_fees[o], finals[o], overruns_by[o],
    p_line_items[o]::json, p_estimated[o], p_signatures[o], p_settled_at[o]
  FROM generate_series(1, cardinality(p_hold_ids)) AS o WHERE outcomes[o] = 'settled';

  INSERT INTO ledger_entries (transaction_id, ledger_account, amount)
  SELECT p_receipt_ids[o], e.ledger_account, e.amount
  FROM generate_series(1, cardinality(p_hold_ids)) AS o
  CROSS JOIN LATERAL (VALUES
    ('key:' || p_key_ids[o], -finals[o]), ('provider:' || p_providers[o], p_provider_amounts[o]),
    ('platform:fee', p_fees[o]), ('operator:overrun', -overruns_by[o])) AS e (ledger_account, amount)
  WHERE outcomes[o] = 'settled' AND e.amount <> 0;

  IF (SELECT bool_or(v > 0) FROM unnest(overruns_by) AS v) THEN
    INSERT INTO overruns (id, hold_id, key_id, account_id, request_id, amount, reason)
    SELECT 'ovr_' || substr(p_receipt_ids[o], 5), p_hold_ids[o], p_key_ids[o], p_account_ids[o], p_request_ids[o],
      overruns_by[o], CASE outcomes[o] WHEN 'settled' THEN 'above_budget' ELSE 'after_sweep' END
    FROM generate_series(1, cardinality(p_hold_ids)) AS o
    WHERE overruns_by[o] > 0 AND outcomes[o] IN ('settled', 'ended_before')
    ON CONFLICT (id) DO NOTHING;

    INSERT INTO ledger_entries (transaction_id, ledger_account, amount)
    SELECT 'ovr_' || substr(p_receipt_ids[o], 5), e.ledger_account, e.amount
    FROM generate_series(1, cardinality(p_hold_ids)) AS o
    CROSS JOIN LATERAL (VALUES
      ('provider:' || p_providers[o], overruns_by[o]), ('operator:overrun', -overruns_by[o])) AS e (ledger_account, amount)
    WHERE overruns_by[o] > 0 AND outcomes[o] = 'ended_before'
    ON CONFLICT DO NOTHING;
  END IF;

  RETURN QUERY SELECT o, outcomes[o], finals[o], overruns_by[o]
  FROM generate_series(1, cardinality(p_hold_ids)) AS o;
END
$$;

-- Ends a batch of holds without a charge. Holds that have ended already are passed over.
CREATE FUNCTION release_holds(p_hold_ids text[], p_key_ids text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  released integer;
BEGIN
  PERFORM 1 FROM api_keys a WHERE a.id = ANY (p_key_ids) ORDER BY a.id FOR UPDATE;
  WITH ended AS (DELETE FROM holds h WHERE h.id = ANY (p_hold_ids) RETURNING h.key_id, h.amount),
  by_key AS (SELECT e.key_id, sum(e.amount) AS amount, count(*) AS calls FROM ended e GROUP BY e.key_id),
  updated AS (
    UPDATE api_keys a SET budget_held = a.budget_held - b.amount, open_holds = a.open_holds - b.calls
    FROM by_key b WHERE a.id = b.key_id)
  SELECT count(*) INTO released FROM ended;
  RETURN released;
END
$$;

-- Renews a process's lease, writes what its running calls have used so far, and answers with the holds that are
-- booked under this process although it no longer runs them.
CREATE FUNCTION renew_lease(
  p_process_id text, p_lease_ms integer,
  p_hold_ids text[], p_sent boolean[], p_input_tokens integer[], p_output_tokens integer[]
) RETURNS TABLE (hold_id text, key_id text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO gateway_processes (id, lease_expires_at)
  VALUES (p_process_id, now() + make_interval(secs => p_lease_ms / 1000.0))
  ON CONFLICT (id) DO UPDATE SET lease_expires_at = excluded.lease_expires_at;

  -- A hold that is being settled at this moment is skipped: waiting for it could deadlock with its batch.
  WITH reachable AS (SELECT h.id FROM holds h WHERE h.id = ANY (p_hold_ids) FOR UPDATE SKIP LOCKED)
  UPDATE holds h SET sent = r.sent, input_tokens = r.input_tokens, output_tokens = r.output_tokens
  FROM unnest(p_hold_ids, p_sent, p_input_tokens, p_output_tokens) AS r (id, sent, input_tokens, output_tokens)
  WHERE h.id = r.id AND r.sent AND h.id IN (SELECT id FROM reachable);

  RETURN QUERY SELECT h.id, h.key_id FROM holds h
  WHERE h.process_id = p_process_id AND NOT h.id = ANY (p_hold_ids) LIMIT 1000;
END
$$;
