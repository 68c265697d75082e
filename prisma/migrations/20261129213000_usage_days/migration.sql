-- CreateTable
CREATE TABLE "usage_days" (
    "day" DATE NOT NULL,
    "account_id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "settlement_status" TEXT NOT NULL,
    "calls" BIGINT NOT NULL,
    "estimated_calls" BIGINT NOT NULL,
    "input_tokens" BIGINT NOT NULL,
    "output_tokens" BIGINT NOT NULL,
    "provider_amount" BIGINT NOT NULL,
    "platform_fee" BIGINT NOT NULL,
    "overrun" BIGINT NOT NULL,
    "final_amount" BIGINT NOT NULL,

    CONSTRAINT "usage_days_pkey" PRIMARY KEY ("day","account_id","key_id","provider","model","settlement_status")
);

-- CreateTable
CREATE TABLE "usage_progress" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "summed_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "usage_progress_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "usage_awaited" (
    "hold_id" TEXT NOT NULL,

    CONSTRAINT "usage_awaited_pkey" PRIMARY KEY ("hold_id")
);

INSERT INTO usage_progress (summed_until) VALUES ('-infinity');

-- Quantities of one key in the lines of a receipt, whether they have the names of their fields or not.
CREATE FUNCTION sum_of_lines(p_lines json, p_key text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(sum(coalesce(l ->> 2, l ->> 'quantity')::bigint), 0)::bigint
  FROM json_array_elements(p_lines) AS l WHERE coalesce(l ->> 0, l ->> 'key') = p_key
$$;

-- The same of `lines`, for a quarter of the time: their text, which the gateway writes, is ["key","unit",quantity,… without
-- a space, and in a string there a quotation mark would have a backslash before it. A key that is there twice is rare.
CREATE FUNCTION quantity_of(p_lines text, p_key text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE split_part(p_lines, '["' || p_key || '",', 3) WHEN ''
    THEN coalesce(nullif(split_part(split_part(p_lines, '["' || p_key || '",', 2), ',', 2), '')::bigint, 0)
    ELSE sum_of_lines(p_lines::json, p_key) END
$$;

-- What each receipt adds to usage.
CREATE VIEW receipt_usage AS
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
       r.provider_amount, r.platform_fee, r.overrun, r.final_amount
FROM receipts r;

-- What is not in usage_days: receipts since then, and those that were not final then. The upper bound is none: with two
-- of them PostgreSQL expects few rows, which is so, and reads the index.
CREATE VIEW usage_recent AS
SELECT u.day, u.account, u.key_id, u.provider, u.model, u.settlement_status,
       sum(u.calls)::bigint AS calls, sum(u.estimated_calls)::bigint AS estimated_calls,
       sum(u.input_tokens)::bigint AS input_tokens, sum(u.output_tokens)::bigint AS output_tokens,
       sum(u.provider_amount)::bigint AS provider_amount, sum(u.platform_fee)::bigint AS platform_fee,
       sum(u.overrun)::bigint AS overrun, sum(u.final_amount)::bigint AS final_amount
FROM (
  SELECT r.* FROM receipt_usage r
  WHERE r.settled_at >= (SELECT p.summed_until FROM usage_progress p WHERE p.id = 1)
    AND r.settled_at <= (SELECT greatest(p.summed_until, 'infinity') FROM usage_progress p WHERE p.id = 1)
  UNION ALL
  SELECT r.* FROM usage_awaited w
  CROSS JOIN LATERAL (SELECT * FROM receipt_usage u WHERE u.hold_id = w.hold_id OFFSET 0) AS r
  WHERE r.settled_at < (SELECT p.summed_until FROM usage_progress p WHERE p.id = 1)) AS u
GROUP BY u.day, u.account, u.key_id, u.provider, u.model, u.settlement_status;

-- Sums up at most p_most receipts more, or a few more that have the same time. Returns whether there are others to sum up.
-- Safe to repeat, to break off, and to run anywhere at once: the row of the progress is locked, and whoever does not get it
-- leaves the work to the other one.
--
-- A receipt is written with the end of its hold. So those that this statement does not see yet have a hold that it sees,
-- which is noted in usage_awaited, or one that will be taken later, whose receipt then has a later time: a minute is
-- allowed for clocks that differ.
CREATE FUNCTION sum_up_usage(p_most integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz;
  horizon timestamptz := date_trunc('milliseconds', now() - interval '60 seconds');
  until timestamptz;
BEGIN
  SELECT p.summed_until INTO since FROM usage_progress p WHERE p.id = 1 FOR UPDATE SKIP LOCKED;
  IF since IS NULL OR since >= horizon THEN
    RETURN false;
  END IF;
  SELECT r.settled_at INTO until FROM receipts r
  WHERE r.settled_at >= since AND r.settled_at < horizon ORDER BY r.settled_at OFFSET p_most LIMIT 1;
  -- Receipts of one millisecond are never parted.
  until := CASE WHEN until IS NULL THEN horizon ELSE greatest(until, since + interval '1 millisecond') END;

  -- One statement, which sees holds and receipts as of one moment.
  WITH ended AS (
    DELETE FROM usage_awaited w
    WHERE NOT EXISTS (SELECT FROM holds h WHERE h.id = w.hold_id)
      AND NOT EXISTS (SELECT FROM receipts r WHERE r.hold_id = w.hold_id AND r.settled_at < until
                        AND r.settlement_status = 'pending')
    RETURNING w.hold_id),
  awaited AS (
    INSERT INTO usage_awaited (hold_id)
    SELECT h.id FROM holds h
    UNION ALL
    SELECT r.hold_id FROM receipts r
    WHERE r.settled_at >= since AND r.settled_at < until AND r.settlement_status = 'pending'
    ON CONFLICT DO NOTHING),
  counted AS (
    SELECT * FROM receipt_usage u
    WHERE u.settled_at >= since AND u.settled_at < until AND u.settlement_status <> 'pending'
    UNION ALL
    SELECT u.* FROM ended e
    CROSS JOIN LATERAL (SELECT * FROM receipt_usage u WHERE u.hold_id = e.hold_id OFFSET 0) AS u
    WHERE u.settled_at < since)
  INSERT INTO usage_days AS d (day, account_id, key_id, provider, model, settlement_status, calls, estimated_calls,
    input_tokens, output_tokens, provider_amount, platform_fee, overrun, final_amount)
  SELECT c.day, c.account, c.key_id, c.provider, c.model, c.settlement_status, sum(c.calls), sum(c.estimated_calls),
         sum(c.input_tokens), sum(c.output_tokens), sum(c.provider_amount), sum(c.platform_fee), sum(c.overrun),
         sum(c.final_amount)
  FROM counted c GROUP BY c.day, c.account, c.key_id, c.provider, c.model, c.settlement_status
  ON CONFLICT (day, account_id, key_id, provider, model, settlement_status) DO UPDATE SET
    calls = d.calls + excluded.calls, estimated_calls = d.estimated_calls + excluded.estimated_calls,
    input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
    provider_amount = d.provider_amount + excluded.provider_amount, platform_fee = d.platform_fee + excluded.platform_fee,
    overrun = d.overrun + excluded.overrun, final_amount = d.final_amount + excluded.final_amount;

  UPDATE usage_progress p SET summed_until = until WHERE p.id = 1;
  RETURN until < horizon;
END
$$;

-- As before. Days that are summed up are not summed again: only the few groups that have something new are added to.
CREATE OR REPLACE VIEW admin.usage_daily AS
SELECT u.day, u.account, u.key_id, u.provider, u.model, u.settlement_status, u.calls, u.estimated_calls, u.input_tokens,
       u.output_tokens, u.provider_amount, u.platform_fee, u.overrun, u.final_amount,
       round(u.final_amount / 1e6, 6) AS final_usdc
FROM (
  SELECT d.day, d.account_id AS account, d.key_id, d.provider, d.model, d.settlement_status,
         d.calls + coalesce(r.calls, 0) AS calls, d.estimated_calls + coalesce(r.estimated_calls, 0) AS estimated_calls,
         d.input_tokens + coalesce(r.input_tokens, 0) AS input_tokens,
         d.output_tokens + coalesce(r.output_tokens, 0) AS output_tokens,
         d.provider_amount + coalesce(r.provider_amount, 0) AS provider_amount,
         d.platform_fee + coalesce(r.platform_fee, 0) AS platform_fee, d.overrun + coalesce(r.overrun, 0) AS overrun,
         d.final_amount + coalesce(r.final_amount, 0) AS final_amount
  FROM usage_days d LEFT JOIN usage_recent r
    ON r.day = d.day AND r.account = d.account_id AND r.key_id = d.key_id AND r.provider = d.provider
      AND r.model = d.model AND r.settlement_status = d.settlement_status
  UNION ALL
  SELECT r.* FROM usage_recent r
  WHERE NOT EXISTS (
    SELECT FROM usage_days d
    WHERE d.day = r.day AND d.account_id = r.account AND d.key_id = r.key_id AND d.provider = r.provider
      AND d.model = r.model AND d.settlement_status = r.settlement_status)) AS u;
