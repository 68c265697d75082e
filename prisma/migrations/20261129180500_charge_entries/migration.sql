-- AlterTable
ALTER TABLE "receipts" ADD COLUMN     "lines" JSON,
ADD COLUMN     "proof" BYTEA;

-- CreateTable
CREATE TABLE "charge_entries" (
    "paid" BIGINT NOT NULL,
    "provider_amount" BIGINT NOT NULL,
    "platform_fee" BIGINT NOT NULL,
    "difference" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "account_id" TEXT NOT NULL,
    "receipt_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL
);

ALTER TABLE charge_entries ADD CONSTRAINT charge_entries_sum_to_zero
  CHECK (paid + difference = provider_amount + platform_fee);

-- Every entry there is: those of charges since this migration stand in one row for each charge.
CREATE VIEW ledger AS
SELECT e.transaction_id, e.ledger_account, e.amount, e.created_at FROM ledger_entries e
UNION ALL
SELECT c.receipt_id, v.ledger_account, v.amount, c.created_at
FROM charge_entries c CROSS JOIN LATERAL (VALUES
  ('key:' || c.key_id, -c.paid), ('provider:' || c.provider, c.provider_amount), ('platform:fee', c.platform_fee),
  ('operator:overrun', -greatest(c.difference, 0)), ('platform:unused_prepayment', greatest(-c.difference, 0)))
  AS v (ledger_account, amount)
WHERE v.amount <> 0;

-- The rules are those of the versions before. A batch of one finds its key by the index and nothing more; the keys of
-- other batches are written by one statement, where there was one for each key. Plans are made once for a connection,
-- and never read a whole table: what PostgreSQL knows of a table that turns over with every call is always old. Hence
-- OFFSET 0, which keeps each key's look-up apart, and an order that no index has.
CREATE OR REPLACE FUNCTION take_holds(
  p_process_id text, p_retry boolean,
  p_hold_ids text[], p_key_hashes bytea[], p_models text[], p_wanted bigint[], p_minimum bigint[],
  p_request_ids text[], p_response_ids text[], p_idempotency_keys text[], p_input_tokens integer[], p_terms text[]
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql ROWS 10 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  keys refcursor;
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
  used text[] := '{}';
  used_held bigint[] := '{}';
  used_running integer[] := '{}';
  used_arrival timestamptz[] := '{}';
BEGIN
  PERFORM 1 FROM gateway_processes p WHERE p.id = p_process_id AND p.lease_expires_at > now();
  IF NOT FOUND THEN
    RETURN QUERY SELECT o, 'no_lease', NULL::text, NULL::text, NULL::integer, 0::bigint, NULL::bigint, 0::bigint,
      0::bigint, 0::bigint, 1000 FROM generate_series(1, cardinality(p_hold_ids)) AS o;
    RETURN;
  END IF;

  IF cardinality(p_hold_ids) = 1 THEN
    OPEN keys FOR
      SELECT a.id, a.account_id, a.chain_id, a.budget_limit, a.budget_spent, a.budget_held, a.open_holds,
             a.allowed_models, a.rate_limit_rpm, a.rate_arrival_at, a.max_concurrent_requests, a.expires_at, a.revoked_at,
             '{1}'::integer[] AS positions
      FROM api_keys a WHERE a.key_hash = p_key_hashes[1] FOR UPDATE;
  ELSE
    -- All keys are locked, in id order, before anything is done with the first.
    PERFORM 1 FROM api_keys a WHERE a.key_hash = ANY (p_key_hashes) ORDER BY a.id || '' FOR UPDATE;
    OPEN keys FOR
      SELECT a.id, a.account_id, a.chain_id, a.budget_limit, a.budget_spent, a.budget_held, a.open_holds,
             a.allowed_models, a.rate_limit_rpm, a.rate_arrival_at, a.max_concurrent_requests, a.expires_at, a.revoked_at,
             r.positions
      FROM (SELECT u.hash, array_agg(u.position::integer ORDER BY u.position) AS positions
            FROM unnest(p_key_hashes) WITH ORDINALITY AS u (hash, position) GROUP BY u.hash) AS r
      CROSS JOIN LATERAL (SELECT * FROM api_keys a WHERE a.key_hash = r.hash OFFSET 0) AS a ORDER BY a.id;
  END IF;

  LOOP
    FETCH keys INTO k;
    EXIT WHEN NOT FOUND;
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
    used := used || k.id;
    used_held := used_held || held;
    used_running := used_running || running;
    used_arrival := used_arrival || CASE WHEN k.rate_limit_rpm IS NULL THEN NULL ELSE arrival END;
  END LOOP;
  CLOSE keys;

  UPDATE api_keys a
  SET budget_held = n.held, open_holds = n.running, last_used_at = now(), rate_arrival_at = n.arrival
  FROM unnest(used, used_held, used_running, used_arrival) AS n (id, held, running, arrival) WHERE a.id = n.id;

  INSERT INTO holds (id, key_id, account_id, process_id, request_id, response_id, idempotency_key, amount,
                     input_tokens, terms)
  SELECT p_hold_ids[n.i], n.owner, n.account, p_process_id, p_request_ids[n.i], p_response_ids[n.i],
         p_idempotency_keys[n.i], n.amount, p_input_tokens[n.i], p_terms[n.i]::json
  FROM unnest(holds_to_add, amounts, owners, accounts) AS n (i, amount, owner, account);
END
$$;

-- What settle_holds does, by the same rules, with less: the proof of a receipt in place of its whole signature, its lines
-- without the names of their fields, and the entries of a charge in one row. settle_holds stays as it is, for replicas of the versions before.
CREATE FUNCTION charge_holds(
  p_sweep boolean,
  p_hold_ids text[], p_key_ids text[], p_account_ids text[], p_request_ids text[], p_response_ids text[],
  p_idempotency_keys text[], p_receipt_ids text[], p_networks text[], p_subjects text[], p_providers text[],
  p_provider_amounts bigint[], p_fees bigint[], p_lines text[], p_estimated boolean[], p_proofs bytea[],
  p_settled_at timestamptz[]
) RETURNS TABLE (ordinal integer, outcome text, final_amount bigint, overrun bigint)
LANGUAGE plpgsql ROWS 10 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  keys refcursor;
  k record;
  earlier record;
  i integer;
  price bigint;
  paid bigint;
  spent bigint;
  held bigint;
  running integer;
  scheme text;
  -- By the position of the call.
  held_by bigint[];
  -- Of the calls that are charged.
  settled integer[] := '{}';
  finals bigint[] := '{}';
  differences bigint[] := '{}';
  statuses text[] := '{}';
  -- Of what no budget covers.
  uncovered integer[] := '{}';
  uncovered_amounts bigint[] := '{}';
  reasons text[] := '{}';
  used text[] := '{}';
  used_spent bigint[] := '{}';
  used_held bigint[] := '{}';
  used_running integer[] := '{}';
BEGIN
  IF cardinality(p_hold_ids) = 1 THEN
    OPEN keys FOR
      SELECT a.id, a.budget_limit, a.budget_spent, a.budget_held, a.open_holds, a.wallet, '{1}'::integer[] AS positions
      FROM api_keys a WHERE a.id = p_key_ids[1] FOR UPDATE;
    FETCH keys INTO k;
    DELETE FROM holds h WHERE h.id = p_hold_ids[1] RETURNING h.amount INTO paid;
    held_by := ARRAY[paid];
  ELSE
    -- All keys are locked, in id order, before any hold is.
    PERFORM 1 FROM api_keys a WHERE a.id = ANY (p_key_ids) ORDER BY a.id FOR UPDATE;
    WITH ended AS (DELETE FROM holds h WHERE h.id = ANY (p_hold_ids) RETURNING h.id, h.amount)
    SELECT array_agg(e.amount ORDER BY r.position) INTO held_by
    FROM unnest(p_hold_ids) WITH ORDINALITY AS r (hold_id, position) LEFT JOIN ended e ON e.id = r.hold_id;
    OPEN keys FOR
      SELECT a.id, a.budget_limit, a.budget_spent, a.budget_held, a.open_holds, a.wallet, r.positions
      FROM (SELECT u.key_id, array_agg(u.position::integer ORDER BY u.position) AS positions
            FROM unnest(p_key_ids) WITH ORDINALITY AS u (key_id, position) GROUP BY u.key_id) AS r
      CROSS JOIN LATERAL (SELECT * FROM api_keys a WHERE a.id = r.key_id OFFSET 0) AS a ORDER BY a.id;
    FETCH keys INTO k;
  END IF;

  WHILE k.id IS NOT NULL LOOP
    spent := k.budget_spent;
    held := k.budget_held;
    running := k.open_holds;
    FOREACH i IN ARRAY k.positions LOOP
      price := p_provider_amounts[i] + p_fees[i];
      ordinal := i;
      IF held_by[i] IS NOT NULL THEN
        held := held - held_by[i];
        running := running - 1;
        scheme := NULL;
        IF k.wallet IS NOT NULL THEN
          scheme := (SELECT p.scheme FROM x402_payments p WHERE p.hold_id = p_hold_ids[i]);
        END IF;
        paid := CASE WHEN scheme = 'exact' THEN held_by[i]
          WHEN scheme = 'upto' THEN least(price, held_by[i])
          WHEN k.budget_limit IS NULL THEN price
          ELSE least(price, greatest(k.budget_limit - spent - held, held_by[i])) END;
        spent := spent + paid;
        settled := settled || i;
        finals := finals || paid;
        differences := differences || price - paid;
        statuses := statuses || CASE WHEN scheme IS NOT NULL AND paid > 0 THEN 'pending' ELSE 'settled' END;
        IF price > paid THEN
          uncovered := uncovered || i;
          uncovered_amounts := uncovered_amounts || price - paid;
          reasons := reasons || 'above_budget'::text;
        END IF;
        outcome := 'settled'; final_amount := paid; overrun := price - paid;
      ELSE
        SELECT r.id, r.final_amount, r.overrun - r.unused_prepayment AS overrun INTO earlier
        FROM receipts r WHERE r.hold_id = p_hold_ids[i];
        IF earlier.id = p_receipt_ids[i] THEN
          outcome := 'repeated'; final_amount := earlier.final_amount; overrun := earlier.overrun;
        ELSE
          outcome := 'ended_before';
          final_amount := 0;
          overrun := CASE WHEN p_sweep THEN 0 ELSE greatest(price - coalesce(earlier.final_amount, 0), 0) END;
          IF overrun > 0 THEN
            uncovered := uncovered || i;
            uncovered_amounts := uncovered_amounts || overrun;
            reasons := reasons || 'after_sweep'::text;
          END IF;
        END IF;
      END IF;
      RETURN NEXT;
    END LOOP;
    used := used || k.id;
    used_spent := used_spent || spent;
    used_held := used_held || held;
    used_running := used_running || running;
    FETCH keys INTO k;
  END LOOP;
  CLOSE keys;

  UPDATE api_keys a SET budget_spent = n.spent, budget_held = n.held, open_holds = n.running
  FROM unnest(used, used_spent, used_held, used_running) AS n (id, spent, held, running) WHERE a.id = n.id;

  INSERT INTO receipts (id, hold_id, key_id, account_id, request_id, response_id, idempotency_key, network,
    meter_subject, provider_amount, platform_fee, final_amount, overrun, unused_prepayment, line_items, lines,
    estimated, settlement_status, proof, settled_at)
  SELECT p_receipt_ids[n.i], p_hold_ids[n.i], p_key_ids[n.i], p_account_ids[n.i], p_request_ids[n.i],
    p_response_ids[n.i], p_idempotency_keys[n.i], p_networks[n.i], p_subjects[n.i], p_provider_amounts[n.i],
    p_fees[n.i], n.paid, greatest(n.difference, 0), greatest(-n.difference, 0), '[]', p_lines[n.i]::json,
    p_estimated[n.i], n.status, p_proofs[n.i], p_settled_at[n.i]
  FROM unnest(settled, finals, differences, statuses) AS n (i, paid, difference, status);

  INSERT INTO charge_entries (receipt_id, account_id, key_id, provider, paid, provider_amount, platform_fee, difference)
  SELECT p_receipt_ids[n.i], p_account_ids[n.i], p_key_ids[n.i], p_providers[n.i], n.paid, p_provider_amounts[n.i],
    p_fees[n.i], n.difference
  FROM unnest(settled, finals, differences) AS n (i, paid, difference);

  IF cardinality(uncovered) > 0 THEN
    INSERT INTO overruns (id, hold_id, key_id, account_id, request_id, amount, reason)
    SELECT 'ovr_' || substr(p_receipt_ids[n.i], 5), p_hold_ids[n.i], p_key_ids[n.i], p_account_ids[n.i],
      p_request_ids[n.i], n.amount, n.reason
    FROM unnest(uncovered, uncovered_amounts, reasons) AS n (i, amount, reason)
    ON CONFLICT (id) DO NOTHING;

    -- The entries of an overrun that belongs to a receipt are the receipt's.
    INSERT INTO ledger_entries (transaction_id, ledger_account, amount)
    SELECT 'ovr_' || substr(p_receipt_ids[n.i], 5), e.ledger_account, e.amount
    FROM unnest(uncovered, uncovered_amounts, reasons) AS n (i, amount, reason)
    CROSS JOIN LATERAL (VALUES
      ('provider:' || p_providers[n.i], n.amount), ('operator:overrun', -n.amount)) AS e (ledger_account, amount)
    WHERE n.reason = 'after_sweep'
    ON CONFLICT DO NOTHING;
  END IF;
END
$$;

-- As before; the proof was that of the receipt as it was.
CREATE OR REPLACE FUNCTION complete_x402_receipt(p_id text, p_signature text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p x402_payments;
  charged bigint;
BEGIN
  SELECT * INTO p FROM x402_payments x WHERE x.id = p_id;
  UPDATE receipts r
  SET settlement_status = p.state, tx_hash = p.transaction_hash, signature = p_signature, proof = NULL
  WHERE r.hold_id = p.hold_id AND r.settlement_status = 'pending' AND p.state IN ('settled', 'failed')
  RETURNING r.final_amount INTO charged;
  IF FOUND AND p.state = 'failed' THEN
    UPDATE api_keys a SET budget_spent = a.budget_spent - charged WHERE a.id = p.key_id;
    INSERT INTO ledger_entries (transaction_id, ledger_account, amount) VALUES
      (p_id || ':unpaid', 'key:' || p.key_id, charged), (p_id || ':unpaid', 'operator:unpaid', -charged);
  END IF;
  UPDATE x402_payments x SET next_attempt_at = NULL
  WHERE x.id = p_id AND x.state IN ('settled', 'failed') AND x.next_attempt_at IS NOT NULL;
END
$$;

ALTER FUNCTION take_holds_once ROWS 10;
ALTER FUNCTION take_holds_once SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION take_holds_once SET enable_seqscan = off;
ALTER FUNCTION release_holds SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION release_holds SET enable_seqscan = off;
ALTER FUNCTION take_x402_hold ROWS 1;

-- As before, whether lines have the names of their fields or not.
CREATE OR REPLACE VIEW admin.receipts AS
SELECT t.id AS receipt_id, t.settled_at, t.account_id AS account, t.key_id,
       split_part(t.meter_subject, ':', 1) AS provider,
       substr(t.meter_subject, strpos(t.meter_subject, ':') + 1) AS model,
       t.request_id, t.response_id, t.network, t.settlement_status, t.tx_hash, t.estimated,
       (SELECT coalesce(sum(coalesce(l ->> 2, l ->> 'quantity')::bigint), 0)::bigint
        FROM json_array_elements(coalesce(t.lines, t.line_items)) AS l
        WHERE coalesce(l ->> 0, l ->> 'key')
              IN ('input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'cache_write_1h_tokens')) AS input_tokens,
       (SELECT coalesce(sum(coalesce(l ->> 2, l ->> 'quantity')::bigint), 0)::bigint
        FROM json_array_elements(coalesce(t.lines, t.line_items)) AS l
        WHERE coalesce(l ->> 0, l ->> 'key') IN ('output_tokens', 'reasoning_tokens')) AS output_tokens,
       t.provider_amount, t.platform_fee, t.overrun, t.final_amount,
       round(t.final_amount / 1e6, 6) AS final_usdc, t.unused_prepayment
FROM receipts t;
