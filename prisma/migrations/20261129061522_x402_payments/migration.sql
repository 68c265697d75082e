-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "moved" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "wallet" TEXT;

-- AlterTable
ALTER TABLE "receipts" ADD COLUMN     "unused_prepayment" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "x402_payments" (
    "id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "chain_id" INTEGER NOT NULL,
    "scheme" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "payer" TEXT NOT NULL,
    "contract" TEXT NOT NULL,
    "nonce" DECIMAL(78,0) NOT NULL,
    "asset" TEXT NOT NULL,
    "pay_to" TEXT NOT NULL,
    "authorised" BIGINT NOT NULL,
    "valid_until" TIMESTAMPTZ(3) NOT NULL,
    "payload" JSON NOT NULL,
    "requirements" JSON NOT NULL,
    "hold_id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "response_id" TEXT,
    "once_key" TEXT NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "open_key" TEXT,
    "state" TEXT NOT NULL DEFAULT 'claimed',
    "amount" BIGINT,
    "transaction_hash" TEXT,
    "failure" TEXT,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "concluded_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "next_attempt_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "refund_due" BIGINT NOT NULL DEFAULT 0,
    "refund_due_at" TIMESTAMPTZ(3),
    "refunded_at" TIMESTAMPTZ(3),
    "refund_hash" TEXT,

    CONSTRAINT "x402_payments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "chain_transactions" (
    "hash" TEXT NOT NULL,
    "chain_id" INTEGER NOT NULL,
    "signer" TEXT NOT NULL,
    "nonce" BIGINT NOT NULL,
    "raw" TEXT NOT NULL,
    "payment_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "chain_transactions_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "chain_signers" (
    "chain_id" INTEGER NOT NULL,
    "signer" TEXT NOT NULL,
    "next_nonce" BIGINT NOT NULL,

    CONSTRAINT "chain_signers_pkey" PRIMARY KEY ("chain_id","signer")
);

-- CreateIndex
CREATE UNIQUE INDEX "x402_payments_hold_id_key" ON "x402_payments"("hold_id");

-- CreateIndex
CREATE INDEX "x402_payments_claimed_at_idx" ON "x402_payments"("claimed_at");

-- CreateIndex
CREATE UNIQUE INDEX "x402_payments_chain_id_contract_payer_nonce_key" ON "x402_payments"("chain_id", "contract", "payer", "nonce");

-- CreateIndex
CREATE INDEX "chain_transactions_payment_id_idx" ON "chain_transactions"("payment_id");

-- CreateIndex
CREATE INDEX "chain_transactions_chain_id_signer_nonce_idx" ON "chain_transactions"("chain_id", "signer", "nonce");

-- What the schema file cannot say. Of one request there is one open payment at a time.
CREATE UNIQUE INDEX "x402_payments_open_key" ON "x402_payments"("open_key", "account_id") WHERE "open_key" IS NOT NULL;
CREATE INDEX "x402_payments_next_attempt_at_idx" ON "x402_payments"("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;
CREATE INDEX "x402_payments_unconcluded_idx" ON "x402_payments"("claimed_at") WHERE "concluded_at" IS NULL;

ALTER TABLE x402_payments
  ADD CONSTRAINT x402_payments_words CHECK (scheme IN ('exact', 'upto') AND method IN ('eip3009', 'permit2')
    AND state IN ('claimed', 'due', 'settled', 'failed', 'burned')),
  ADD CONSTRAINT x402_payments_amounts CHECK (authorised > 0 AND nonce >= 0 AND amount BETWEEN 0 AND authorised
    AND (amount IS NULL) = (state = 'claimed') AND refund_due IN (0, amount)),
  ADD CONSTRAINT x402_payments_hash CHECK (state <> 'settled' OR transaction_hash IS NOT NULL);

-- Takes the hold of one call that a wallet pays for, as take_holds_once does, and claims the payment with it: both or
-- neither. The hold has the amount that was authorised. The limit of the wallet's row becomes what the wallet had moved
-- before its balance was read, with that balance. So what its calls may still move is never more than the balance.
-- A balance that has fallen takes nothing from calls that run. payment_claimed: the nonce is used, or the same request
-- has another payment that is still open. The array parameters have one element each.
CREATE FUNCTION take_x402_hold(
  p_process_id text, p_retry boolean,
  p_hold_ids text[], p_key_hashes bytea[], p_models text[], p_wanted bigint[], p_minimum bigint[],
  p_request_ids text[], p_response_ids text[], p_idempotency_keys text[], p_input_tokens integer[], p_terms text[],
  p_fingerprints bytea[], p_kinds text[], p_statuses integer[], p_headers text[], p_contents text[], p_payment json
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  payment_id text := p_payment ->> 'id';
  account text := p_payment ->> 'accountId';
  opening text := p_payment ->> 'openKey';
  authorised bigint := p_payment ->> 'authorised';
  k record;
  answer record;
BEGIN
  -- The account has no room: see take_holds.
  IF p_key_hashes[1] IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO accounts (id) VALUES (account) ON CONFLICT DO NOTHING;
  INSERT INTO api_keys (id, account_id, key_hash, chain_id, wallet, budget_limit)
  VALUES (p_payment ->> 'walletId', account, p_key_hashes[1], (p_payment ->> 'chainId')::integer, p_payment ->> 'payer', 0)
  ON CONFLICT (key_hash) DO NOTHING;
  SELECT a.id, a.chain_id, a.budget_limit, a.budget_spent, a.budget_held INTO k
  FROM api_keys a WHERE a.key_hash = p_key_hashes[1] FOR UPDATE;

  UPDATE x402_payments p SET open_key = NULL
  WHERE p.open_key = opening AND p.account_id = account AND p.state NOT IN ('claimed', 'due') AND p.concluded_at IS NOT NULL
    AND greatest(p.settled_at, p.concluded_at) <= now() - make_interval(secs => (p_payment ->> 'repeatMs')::float8 / 1000);

  INSERT INTO x402_payments (id, key_id, account_id, chain_id, scheme, method, payer, contract, nonce, asset, pay_to,
    authorised, valid_until, payload, requirements, hold_id, request_id, response_id, once_key, fingerprint, open_key)
  VALUES (payment_id, k.id, account, k.chain_id, p_payment ->> 'scheme', p_payment ->> 'method', p_payment ->> 'payer',
    p_payment ->> 'contract', (p_payment ->> 'nonce')::numeric, p_payment ->> 'asset', p_payment ->> 'payTo', authorised,
    (p_payment ->> 'validUntil')::timestamptz, p_payment -> 'payload', p_payment -> 'requirements', p_hold_ids[1],
    p_request_ids[1], p_response_ids[1], p_idempotency_keys[1], p_fingerprints[1], opening)
  ON CONFLICT DO NOTHING;
  PERFORM 1 FROM x402_payments p
  WHERE p.id = payment_id AND p.hold_id = p_hold_ids[1] AND p.state = 'claimed';
  IF NOT FOUND THEN
    RETURN QUERY SELECT 1, 'payment_claimed', k.id, account, k.chain_id, 0::bigint, k.budget_limit, k.budget_spent,
      k.budget_held, authorised, NULL::integer;
    RETURN;
  END IF;

  UPDATE api_keys a
  SET budget_limit = greatest((p_payment ->> 'movedBefore')::bigint + (p_payment ->> 'available')::bigint,
                              a.budget_spent + a.budget_held)
  WHERE a.id = k.id;
  SELECT * INTO answer FROM take_holds_once(p_process_id, p_retry, p_hold_ids, p_key_hashes, p_models, ARRAY[authorised],
    ARRAY[authorised], p_request_ids, p_response_ids, p_idempotency_keys, p_input_tokens, p_terms, p_fingerprints, p_kinds,
    p_statuses, p_headers, p_contents);
  IF answer.outcome IS DISTINCT FROM 'granted' THEN
    DELETE FROM x402_payments p WHERE p.id = payment_id;
  END IF;
  RETURN QUERY SELECT answer.ordinal, answer.outcome, answer.key_id, answer.account_id, answer.chain_id, answer.granted,
    answer.budget_limit, answer.budget_spent, answer.budget_held, answer.required, answer.retry_after_ms;
END
$$;

-- Replicas of the version before go on calling it without a payment.
DROP FUNCTION submit_video(text, text, bytea, text, bigint, text, text, bytea, integer, text, text, text, text, text, text,
  text, text, timestamptz);

-- As before; p_payment is the payment of a wallet, as take_x402_hold takes it.
CREATE FUNCTION submit_video(
  p_process_id text, p_hold_id text, p_key_hash bytea, p_allowed_as text, p_price bigint, p_request_id text,
  p_idempotency_key text, p_fingerprint bytea, p_answer_status integer, p_id text, p_shape text, p_model text, p_request text, p_terms text, p_remixed_from text,
  p_provider text, p_upstream_model text, p_created_at timestamptz,
  p_payment json DEFAULT NULL
) RETURNS TABLE (
  ordinal integer, outcome text, key_id text, account_id text, chain_id integer, granted bigint,
  budget_limit bigint, budget_spent bigint, budget_held bigint, required bigint, retry_after_ms integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  answer record;
BEGIN
  IF p_payment IS NULL THEN
    SELECT * INTO answer FROM take_holds_once(
      p_process_id, true, ARRAY[p_hold_id], ARRAY[p_key_hash], ARRAY[p_allowed_as], ARRAY[p_price], ARRAY[p_price],
      ARRAY[p_request_id], ARRAY[p_id], ARRAY[p_idempotency_key], ARRAY[0], ARRAY[p_terms],
      ARRAY[p_fingerprint], ARRAY['job'], ARRAY[p_answer_status], ARRAY['{}'], ARRAY['']);
  ELSE
    SELECT * INTO answer FROM take_x402_hold(
      p_process_id, true, ARRAY[p_hold_id], ARRAY[p_key_hash], ARRAY[p_allowed_as], ARRAY[p_price], ARRAY[p_price],
      ARRAY[p_request_id], ARRAY[p_id], ARRAY[p_idempotency_key], ARRAY[0], ARRAY[p_terms],
      ARRAY[p_fingerprint], ARRAY['job'], ARRAY[p_answer_status], ARRAY['{}'], ARRAY[''], p_payment);
  END IF;
  IF answer.outcome IS NULL THEN
    RETURN;
  END IF;
  IF answer.outcome = 'granted' THEN
    UPDATE holds h SET process_id = NULL WHERE h.id = p_hold_id;
    INSERT INTO videos (id, account_id, key_id, hold_id, request_id, status, shape, model, request, terms,
                        remixed_from, provider, upstream_model, process_id, created_at)
    VALUES (p_id, answer.account_id, answer.key_id, p_hold_id, p_request_id, 'submitting', p_shape, p_model,
            p_request::json, p_terms::json, p_remixed_from, p_provider, p_upstream_model, p_process_id, p_created_at)
    ON CONFLICT (id) DO NOTHING;
  END IF;
  ordinal := answer.ordinal; outcome := answer.outcome; key_id := answer.key_id; account_id := answer.account_id;
  chain_id := answer.chain_id; granted := answer.granted; budget_limit := answer.budget_limit;
  budget_spent := answer.budget_spent; budget_held := answer.budget_held; required := answer.required;
  retry_after_ms := answer.retry_after_ms;
  RETURN NEXT;
END
$$;

-- As before, for keys. A wallet pays what its payment agreed to: exact moves the whole amount of the hold, upto the
-- price as far as the hold covers it. Its receipt is pending as long as the amount has not moved.
CREATE OR REPLACE FUNCTION settle_holds(
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
  schemes text[] := array_fill(NULL::text, ARRAY[cardinality(p_hold_ids)]);
BEGIN
  PERFORM 1 FROM api_keys a WHERE a.id = ANY (p_key_ids) ORDER BY a.id FOR UPDATE;

  WITH ended AS (DELETE FROM holds h WHERE h.id = ANY (p_hold_ids) RETURNING h.id, h.amount)
  SELECT array_agg(e.id), array_agg(e.amount) INTO ended_ids, ended_amounts FROM ended e;

  FOR k IN
    SELECT a.id, a.budget_limit, a.budget_spent, a.budget_held, a.open_holds, a.wallet,
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
        IF k.wallet IS NOT NULL THEN
          schemes[i] := (SELECT p.scheme FROM x402_payments p WHERE p.hold_id = p_hold_ids[i]);
        END IF;
        finals[i] := CASE WHEN schemes[i] = 'exact' THEN k.amounts[n]
          WHEN schemes[i] = 'upto' THEN least(price, k.amounts[n])
          WHEN k.budget_limit IS NULL THEN price
          ELSE least(price, greatest(k.budget_limit - spent - held, k.amounts[n])) END;
        overruns_by[i] := price - finals[i];
        spent := spent + finals[i];
      ELSE
        SELECT r.id, r.final_amount, r.overrun - r.unused_prepayment AS overrun INTO earlier FROM receipts r WHERE r.hold_id = p_hold_ids[i];
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
    meter_subject, provider_amount, platform_fee, final_amount, overrun, unused_prepayment, line_items, estimated,
    settlement_status, signature, settled_at)
  SELECT p_receipt_ids[o], p_hold_ids[o], p_key_ids[o], p_account_ids[o], p_request_ids[o], p_response_ids[o],
    p_idempotency_keys[o], p_networks[o], p_subjects[o], p_provider_amounts[o], p_fees[o], finals[o], greatest(overruns_by[o], 0),
    greatest(-overruns_by[o], 0), p_line_items[o]::json, p_estimated[o],
    CASE WHEN schemes[o] IS NOT NULL AND finals[o] > 0 THEN 'pending' ELSE 'settled' END, p_signatures[o], p_settled_at[o]
  FROM generate_series(1, cardinality(p_hold_ids)) AS o WHERE outcomes[o] = 'settled';

  INSERT INTO ledger_entries (transaction_id, ledger_account, amount)
  SELECT p_receipt_ids[o], e.ledger_account, e.amount
  FROM generate_series(1, cardinality(p_hold_ids)) AS o
  CROSS JOIN LATERAL (VALUES
    ('key:' || p_key_ids[o], -finals[o]), ('provider:' || p_providers[o], p_provider_amounts[o]),
    ('platform:fee', p_fees[o]), ('operator:overrun', -greatest(overruns_by[o], 0)),
    ('platform:unused_prepayment', greatest(-overruns_by[o], 0))) AS e (ledger_account, amount)
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

-- Draws the consequences of the end of a payment's hold. Safe to repeat. A charge makes the payment due: a worker may take
-- it half a minute later, if the process that ran the call has not moved it by then. Without a charge a claimed payment
-- goes, so that its signature may come again, and what has moved is owed to the wallet. The answer is the payment as it
-- is now. Key rows are locked before payments, here and everywhere.
CREATE FUNCTION conclude_x402(p_hold_id text) RETURNS SETOF x402_payments LANGUAGE plpgsql AS $$
DECLARE
  p x402_payments;
  charged record;
BEGIN
  PERFORM 1 FROM api_keys a JOIN x402_payments x ON x.key_id = a.id WHERE x.hold_id = p_hold_id FOR UPDATE OF a;
  SELECT * INTO p FROM x402_payments x WHERE x.hold_id = p_hold_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF p.concluded_at IS NULL AND NOT EXISTS (SELECT FROM holds h WHERE h.id = p_hold_id) THEN
    SELECT r.final_amount, r.settlement_status INTO charged FROM receipts r WHERE r.hold_id = p_hold_id;
    IF FOUND THEN
      IF p.state = 'claimed' THEN
        p.amount := charged.final_amount;
        p.state := CASE WHEN p.amount > 0 THEN 'due' ELSE 'burned' END;
      END IF;
      IF p.state = 'burned' THEN
        p.settled_at := now();
      ELSIF p.state = 'due' THEN
        p.next_attempt_at := coalesce(p.next_attempt_at, now() + interval '30 seconds');
      ELSIF charged.settlement_status = 'pending' THEN
        -- It moved, or failed, before the charge: the receipt has to say so.
        p.next_attempt_at := now();
      END IF;
    ELSIF p.state = 'claimed' THEN
      DELETE FROM x402_payments x WHERE x.id = p.id;
      RETURN;
    ELSIF p.state = 'due' THEN
      -- Whether there is anything to be paid back is not known yet.
      RETURN NEXT p;
      RETURN;
    ELSE
      p.open_key := NULL;
      IF p.state = 'settled' THEN
        p.refund_due := p.amount;
        p.refund_due_at := now();
        UPDATE api_keys a SET moved = a.moved - p.amount WHERE a.id = p.key_id;
        INSERT INTO ledger_entries (transaction_id, ledger_account, amount) VALUES
          (p.id || ':refund_due', 'paid:' || p.key_id, -p.amount),
          (p.id || ':refund_due', 'refund_due:' || p.key_id, p.amount);
      END IF;
    END IF;
    p.concluded_at := now();
    IF p.delivered_at IS NOT NULL AND p.state NOT IN ('claimed', 'due') THEN
      p.open_key := NULL;
    END IF;
    UPDATE x402_payments x
    SET state = p.state, amount = p.amount, settled_at = p.settled_at, next_attempt_at = p.next_attempt_at,
        open_key = p.open_key, refund_due = p.refund_due, refund_due_at = p.refund_due_at, concluded_at = p.concluded_at
    WHERE x.id = p.id;
  END IF;
  RETURN NEXT p;
END
$$;

-- Writes what became of a payment that is due, once: p_hash of the transaction that moved it, or p_failure if none ever
-- will. The receipt's part is complete_x402_receipt.
CREATE FUNCTION complete_x402(p_id text, p_hash text, p_failure text) RETURNS SETOF x402_payments LANGUAGE plpgsql AS $$
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
  WHERE x.id = p_id AND x.state IN ('settled', 'failed') AND x.next_attempt_at IS NOT NULL;
  RETURN QUERY SELECT * FROM x402_payments x WHERE x.id = p_id;
END
$$;

-- Says in the pending receipt of a payment what became of the payment, with the signature over that. What never moves is
-- given back to the wallet's row, and is the operator's loss.
CREATE FUNCTION complete_x402_receipt(p_id text, p_signature text) RETURNS void LANGUAGE plpgsql AS $$
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
END
$$;

-- For operators: notes that what a payment moved was paid back with the transaction p_hash. False when nothing was due.
CREATE FUNCTION note_x402_refund(p_id text, p_hash text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  p x402_payments;
BEGIN
  UPDATE x402_payments x SET refunded_at = now(), refund_hash = p_hash
  WHERE x.id = p_id AND x.refund_due > 0 AND x.refunded_at IS NULL RETURNING * INTO p;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO ledger_entries (transaction_id, ledger_account, amount) VALUES
    (p_id || ':refund', 'refund_due:' || p.key_id, -p.refund_due),
    (p_id || ':refund', 'chain:eip155:' || p.chain_id, p.refund_due);
  RETURN true;
END
$$;

-- Wallets are no keys.
CREATE OR REPLACE VIEW admin.keys AS
SELECT k.id AS key_id, k.account_id AS account, k.name, k.budget_limit, k.budget_spent, k.budget_held,
       CASE WHEN k.budget_limit IS NOT NULL
            THEN greatest(k.budget_limit - k.budget_spent - k.budget_held, 0) END AS budget_remaining,
       k.open_holds, k.chain_id, k.allowed_models, k.rate_limit_rpm, k.max_concurrent_requests,
       k.created_at, k.last_used_at, k.expires_at, k.revoked_at,
       k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true) AS live
FROM api_keys k WHERE k.wallet IS NULL;

CREATE OR REPLACE VIEW admin.accounts AS
SELECT a.id AS account, a.created_at,
       (SELECT count(*) FROM api_keys k WHERE k.account_id = a.id AND k.wallet IS NULL) AS keys,
       (a.stored_bytes + coalesce((SELECT sum(c.bytes) FROM stored_changes c WHERE c.account_id = a.id), 0))::bigint
         AS stored_bytes, a.max_stored_bytes
FROM accounts a;
COMMENT ON COLUMN admin.accounts.created_at IS 'When its first key was made, or its wallet first paid.';

CREATE OR REPLACE VIEW admin.receipts AS
SELECT t.id AS receipt_id, t.settled_at, t.account_id AS account, t.key_id,
       split_part(t.meter_subject, ':', 1) AS provider,
       substr(t.meter_subject, strpos(t.meter_subject, ':') + 1) AS model,
       t.request_id, t.response_id, t.network, t.settlement_status, t.tx_hash, t.estimated,
       (SELECT coalesce(sum((l ->> 'quantity')::bigint), 0)::bigint FROM json_array_elements(t.line_items) AS l
         WHERE l ->> 'key' IN ('input_tokens', 'cached_input_tokens', 'cache_write_tokens')) AS input_tokens,
       (SELECT coalesce(sum((l ->> 'quantity')::bigint), 0)::bigint FROM json_array_elements(t.line_items) AS l
         WHERE l ->> 'key' IN ('output_tokens', 'reasoning_tokens')) AS output_tokens,
       t.provider_amount, t.platform_fee, t.overrun, t.final_amount,
       round(t.final_amount / 1e6, 6) AS final_usdc, t.unused_prepayment
FROM receipts t;
COMMENT ON COLUMN admin.receipts.key_id IS 'The key that paid, key_…, or the wallet on its chain, wal_….';
COMMENT ON COLUMN admin.receipts.final_amount IS
  'Atomic USDC that the key or wallet paid: provider + fee - overrun + unused prepayment.';
COMMENT ON COLUMN admin.receipts.unused_prepayment IS
  'Atomic USDC of an exact payment on top of what was used; it moves nevertheless.';

CREATE VIEW admin.x402_payments AS
SELECT p.id AS payment_id, p.claimed_at, p.account_id AS account, p.key_id, 'eip155:' || p.chain_id AS network,
       p.payer, p.scheme, p.method, p.state, p.authorised, p.amount, round(p.amount / 1e6, 6) AS amount_usdc,
       p.transaction_hash, p.failure, p.request_id, p.response_id,
       (SELECT r.id FROM receipts r WHERE r.hold_id = p.hold_id) AS receipt_id,
       p.valid_until, p.concluded_at, p.settled_at, p.delivered_at, p.attempts, p.next_attempt_at, p.refund_due,
       p.refunded_at
FROM x402_payments p;
COMMENT ON VIEW admin.x402_payments IS 'One row per payment that a wallet has signed and a call has claimed, without the signature.';
COMMENT ON COLUMN admin.x402_payments.payment_id IS 'The id of the payment, pay_….';
COMMENT ON COLUMN admin.x402_payments.claimed_at IS 'When its call was let in.';
COMMENT ON COLUMN admin.x402_payments.account IS 'The account of the wallet, the same on all chains.';
COMMENT ON COLUMN admin.x402_payments.key_id IS 'The wallet on its chain, wal_…, as receipts name it.';
COMMENT ON COLUMN admin.x402_payments.network IS 'The chain, as eip155:<id>.';
COMMENT ON COLUMN admin.x402_payments.payer IS 'The address of the wallet.';
COMMENT ON COLUMN admin.x402_payments.scheme IS 'exact or upto.';
COMMENT ON COLUMN admin.x402_payments.method IS 'eip3009 or permit2: how the token moves.';
COMMENT ON COLUMN admin.x402_payments.state IS
  'claimed: its call runs. due: it is to be moved. settled. failed: it will never move. burned: nothing was used.';
COMMENT ON COLUMN admin.x402_payments.authorised IS 'Atomic USDC: what exact moves, the most that upto moves.';
COMMENT ON COLUMN admin.x402_payments.amount IS 'Atomic USDC that move; null while its call runs.';
COMMENT ON COLUMN admin.x402_payments.amount_usdc IS 'The same in USDC.';
COMMENT ON COLUMN admin.x402_payments.transaction_hash IS 'The transaction that moved it.';
COMMENT ON COLUMN admin.x402_payments.failure IS 'Why it failed, in the words of x402.';
COMMENT ON COLUMN admin.x402_payments.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.x402_payments.response_id IS 'The response, completion or video that it pays for.';
COMMENT ON COLUMN admin.x402_payments.receipt_id IS 'Its receipt; null while its call runs, and where nothing was charged.';
COMMENT ON COLUMN admin.x402_payments.valid_until IS 'From when on the chain refuses it.';
COMMENT ON COLUMN admin.x402_payments.concluded_at IS 'When the books drew the consequences of the end of its call.';
COMMENT ON COLUMN admin.x402_payments.settled_at IS 'When it was settled, failed or burned.';
COMMENT ON COLUMN admin.x402_payments.delivered_at IS 'When its client had the whole answer.';
COMMENT ON COLUMN admin.x402_payments.attempts IS 'How often it was taken up again after its call.';
COMMENT ON COLUMN admin.x402_payments.next_attempt_at IS 'When it may be taken up next; null when there is nothing to do.';
COMMENT ON COLUMN admin.x402_payments.refund_due IS 'Atomic USDC that it moved although its call was free.';
COMMENT ON COLUMN admin.x402_payments.refunded_at IS 'When that was paid back.';

CREATE VIEW admin.refunds_due AS
SELECT p.id AS payment_id, p.refund_due_at, p.account_id AS account, p.key_id, 'eip155:' || p.chain_id AS network, p.asset,
       p.payer, p.refund_due AS amount, round(p.refund_due / 1e6, 6) AS amount_usdc, p.transaction_hash, p.request_id,
       p.response_id
FROM x402_payments p WHERE p.refund_due > 0 AND p.refunded_at IS NULL;
COMMENT ON VIEW admin.refunds_due IS 'One row per payment that moved although its call was free, and was not paid back yet.';
COMMENT ON COLUMN admin.refunds_due.payment_id IS 'The id of the payment, pay_….';
COMMENT ON COLUMN admin.refunds_due.refund_due_at IS 'Since when it is owed.';
COMMENT ON COLUMN admin.refunds_due.account IS 'The account of the wallet.';
COMMENT ON COLUMN admin.refunds_due.key_id IS 'The wallet on its chain, wal_….';
COMMENT ON COLUMN admin.refunds_due.network IS 'The chain to pay it back on, as eip155:<id>.';
COMMENT ON COLUMN admin.refunds_due.asset IS 'The token to pay it back in.';
COMMENT ON COLUMN admin.refunds_due.payer IS 'The wallet to pay it back to.';
COMMENT ON COLUMN admin.refunds_due.amount IS 'Atomic USDC that are owed.';
COMMENT ON COLUMN admin.refunds_due.amount_usdc IS 'The same in USDC.';
COMMENT ON COLUMN admin.refunds_due.transaction_hash IS 'The transaction that moved the payment.';
COMMENT ON COLUMN admin.refunds_due.request_id IS 'X-Request-Id of the call; the log has it too.';
COMMENT ON COLUMN admin.refunds_due.response_id IS 'The response or video that was not made.';
