-- As before, but that a payment whose receipt is still pending keeps its place in the workers' list: the receipt is written by
-- another statement, which may never come.
CREATE OR REPLACE FUNCTION complete_x402(p_id text, p_hash text, p_failure text) RETURNS SETOF x402_payments
LANGUAGE plpgsql AS $$
DECLARE
  p x402_payments;
BEGIN
  PERFORM 1 FROM api_keys a JOIN x402_payments x ON x.key_id = a.id WHERE x.id = p_id FOR UPDATE OF a;
  SELECT * INTO p FROM x402_payments x WHERE x.id = p_id FOR UPDATE;
  IF p.state = 'due' THEN
    p.state := CASE WHEN p_hash IS NULL THEN 'failed' ELSE 'settled' END;
    UPDATE x402_payments x
    SET state = p.state, transaction_hash = p_hash, failure = p_failure, settled_at = now(),
        open_key = CASE WHEN p_hash IS NOT NULL AND x.delivered_at IS NULL THEN x.open_key END
    WHERE x.id = p_id;
    IF p.state = 'settled' THEN
      UPDATE api_keys a SET moved = a.moved + p.amount WHERE a.id = p.key_id;
      INSERT INTO ledger_entries (transaction_id, ledger_account, amount) VALUES
        (p_id, 'chain:eip155:' || p.chain_id, -p.amount), (p_id, 'paid:' || p.key_id, p.amount);
    END IF;
  END IF;
  UPDATE x402_payments x SET next_attempt_at = NULL
  WHERE x.id = p_id AND x.state IN ('settled', 'failed') AND x.next_attempt_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM receipts r WHERE r.hold_id = x.hold_id AND r.settlement_status = 'pending');
  RETURN QUERY SELECT * FROM x402_payments x WHERE x.id = p_id;
END
$$;

-- As before. After it nothing is left to be done for the payment.
CREATE OR REPLACE FUNCTION complete_x402_receipt(p_id text, p_signature text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p x402_payments;
  charged bigint;
BEGIN
  SELECT * INTO p FROM x402_payments x WHERE x.id = p_id;
  UPDATE receipts r SET settlement_status = p.state, tx_hash = p.transaction_hash, signature = p_signature
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
