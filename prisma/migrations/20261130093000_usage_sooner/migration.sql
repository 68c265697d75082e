-- As before, up to ten seconds ago instead of a minute: what is not summed up yet is read by whoever asks for usage.

-- Sums up at most p_most receipts more, or a few more that have the same time. Returns whether there are others to sum up.
-- Safe to repeat, to break off, and to run anywhere at once: the row of the progress is locked, and whoever does not get it
-- leaves the work to the other one.
--
-- A receipt is written with the end of its hold. So those that this statement does not see yet have a hold that it sees,
-- which is noted in usage_awaited, or one that will be taken later, whose receipt then has a later time. Receipts go
-- by this server's clock, as replicas have read it, which takes less than the ten seconds that are allowed.
CREATE OR REPLACE FUNCTION sum_up_usage(p_most integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz;
  horizon timestamptz := date_trunc('milliseconds', now() - interval '10 seconds');
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
