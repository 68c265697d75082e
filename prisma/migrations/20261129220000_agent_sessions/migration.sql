-- AlterTable
ALTER TABLE "receipts" ADD COLUMN     "agent_id" TEXT,
ADD COLUMN     "parent_agent_id" TEXT,
ADD COLUMN     "session_id" TEXT;

-- As before, and the receipt gets the session and the agent of its call, which its hold has among its terms: so the
-- statement knows them whoever ends the hold, also for a process that died, and calls without them have nothing to send.
CREATE OR REPLACE FUNCTION charge_holds(
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
  asker json;
  -- By the position of the call.
  held_by bigint[];
  asked_by json[];
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
    DELETE FROM holds h WHERE h.id = p_hold_ids[1] RETURNING h.amount, h.terms -> 'agent' INTO paid, asker;
    held_by := ARRAY[paid];
    asked_by := ARRAY[asker];
  ELSE
    -- All keys are locked, in id order, before any hold is.
    PERFORM 1 FROM api_keys a WHERE a.id = ANY (p_key_ids) ORDER BY a.id FOR UPDATE;
    WITH ended AS (
      DELETE FROM holds h WHERE h.id = ANY (p_hold_ids) RETURNING h.id, h.amount, h.terms -> 'agent' AS agent)
    SELECT array_agg(e.amount ORDER BY r.position), array_agg(e.agent ORDER BY r.position) INTO held_by, asked_by
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
    estimated, settlement_status, proof, settled_at, session_id, agent_id, parent_agent_id)
  SELECT p_receipt_ids[n.i], p_hold_ids[n.i], p_key_ids[n.i], p_account_ids[n.i], p_request_ids[n.i],
    p_response_ids[n.i], p_idempotency_keys[n.i], p_networks[n.i], p_subjects[n.i], p_provider_amounts[n.i],
    p_fees[n.i], n.paid, greatest(n.difference, 0), greatest(-n.difference, 0), '[]', p_lines[n.i]::json,
    p_estimated[n.i], n.status, p_proofs[n.i], p_settled_at[n.i], asked_by[n.i] ->> 'sessionId',
    asked_by[n.i] ->> 'id', asked_by[n.i] ->> 'parentId'
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

-- As before, with the session and the agent.
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
       round(t.final_amount / 1e6, 6) AS final_usdc, t.unused_prepayment,
       t.session_id, t.agent_id, t.parent_agent_id
FROM receipts t;
COMMENT ON COLUMN admin.receipts.session_id IS 'The session of an agent, as its client names it; null when it names none.';
COMMENT ON COLUMN admin.receipts.agent_id IS 'The subagent that made the call; null for the main conversation.';
COMMENT ON COLUMN admin.receipts.parent_agent_id IS 'The subagent that started this one; null where the main conversation did.';

-- As before, with the session and the agent, for the usage of one of them.
CREATE OR REPLACE VIEW receipt_usage AS
SELECT r.hold_id, r.settled_at, (r.settled_at AT TIME ZONE 'UTC')::date AS day, r.account_id AS account, r.key_id,
       split_part(r.meter_subject, ':', 1) AS provider,
       substr(r.meter_subject, strpos(r.meter_subject, ':') + 1) AS model,
       r.settlement_status, 1::bigint AS calls, r.estimated::integer::bigint AS estimated_calls,
       CASE WHEN r.lines IS NULL THEN
         sum_of_lines(r.line_items, 'input_tokens') + sum_of_lines(r.line_items, 'cached_input_tokens')
         + sum_of_lines(r.line_items, 'cache_write_tokens') + sum_of_lines(r.line_items, 'cache_write_1h_tokens')
       ELSE
         quantity_of(r.lines::text, 'input_tokens') + quantity_of(r.lines::text, 'cached_input_tokens')
         + quantity_of(r.lines::text, 'cache_write_tokens') + quantity_of(r.lines::text, 'cache_write_1h_tokens')
       END AS input_tokens,
       CASE WHEN r.lines IS NULL THEN
         sum_of_lines(r.line_items, 'output_tokens') + sum_of_lines(r.line_items, 'reasoning_tokens')
       ELSE
         quantity_of(r.lines::text, 'output_tokens') + quantity_of(r.lines::text, 'reasoning_tokens')
       END AS output_tokens,
       r.provider_amount, r.platform_fee, r.overrun, r.final_amount, r.session_id, r.agent_id
FROM receipts r;

CREATE VIEW admin.sessions AS
SELECT r.session_id, r.account, r.key_id, min(r.settled_at) AS first_settled_at, max(r.settled_at) AS last_settled_at,
       count(*) AS calls, count(DISTINCT r.agent_id) AS subagents, sum(r.input_tokens)::bigint AS input_tokens,
       sum(r.output_tokens)::bigint AS output_tokens, sum(r.final_amount)::bigint AS final_amount,
       sum(r.final_usdc) AS final_usdc
FROM admin.receipts r
WHERE r.session_id IS NOT NULL AND r.settlement_status <> 'failed'
GROUP BY r.session_id, r.account, r.key_id;
COMMENT ON VIEW admin.sessions IS 'One row per session of an agent and key, summed over its receipts that have not failed.';
COMMENT ON COLUMN admin.sessions.session_id IS 'As the client names it.';
COMMENT ON COLUMN admin.sessions.account IS 'The account of the key.';
COMMENT ON COLUMN admin.sessions.key_id IS 'The key that paid.';
COMMENT ON COLUMN admin.sessions.first_settled_at IS 'When its first call was charged.';
COMMENT ON COLUMN admin.sessions.last_settled_at IS 'When its last call was charged.';
COMMENT ON COLUMN admin.sessions.calls IS 'How many were charged.';
COMMENT ON COLUMN admin.sessions.subagents IS 'How many subagents were among those who made them.';
COMMENT ON COLUMN admin.sessions.input_tokens IS 'Tokens of input, cached ones included.';
COMMENT ON COLUMN admin.sessions.output_tokens IS 'Tokens of output, reasoning included.';
COMMENT ON COLUMN admin.sessions.final_amount IS 'Atomic USDC that its key paid.';
COMMENT ON COLUMN admin.sessions.final_usdc IS 'The same in USDC.';
