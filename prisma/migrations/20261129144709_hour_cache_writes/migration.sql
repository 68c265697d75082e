-- Writes to an hour's prompt cache have a line of their own on receipts; they are input, too.
CREATE OR REPLACE VIEW admin.receipts AS
SELECT t.id AS receipt_id, t.settled_at, t.account_id AS account, t.key_id,
       split_part(t.meter_subject, ':', 1) AS provider,
       substr(t.meter_subject, strpos(t.meter_subject, ':') + 1) AS model,
       t.request_id, t.response_id, t.network, t.settlement_status, t.tx_hash, t.estimated,
       (SELECT coalesce(sum((l ->> 'quantity')::bigint), 0)::bigint FROM json_array_elements(t.line_items) AS l
         WHERE l ->> 'key' IN ('input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'cache_write_1h_tokens'))
         AS input_tokens,
       (SELECT coalesce(sum((l ->> 'quantity')::bigint), 0)::bigint FROM json_array_elements(t.line_items) AS l
         WHERE l ->> 'key' IN ('output_tokens', 'reasoning_tokens')) AS output_tokens,
       t.provider_amount, t.platform_fee, t.overrun, t.final_amount,
       round(t.final_amount / 1e6, 6) AS final_usdc, t.unused_prepayment
FROM receipts t;
