import { expect } from '@jest/globals';
import type { Pool } from 'pg';

/** Every rule that the books obey at every moment; each query lists its violations. */
const RULES: Readonly<Record<string, string>> = {
  'spent + held stays within the limit': `
    SELECT id FROM api_keys WHERE budget_spent + budget_held > budget_limit`,
  'held is the sum of the open holds': `
    SELECT k.id, k.budget_held, sum(h.amount) FROM api_keys k LEFT JOIN holds h ON h.key_id = k.id
    GROUP BY k.id HAVING k.budget_held <> coalesce(sum(h.amount), 0) OR k.open_holds <> count(h.id)`,
  'spent is the sum of the receipts': `
    SELECT k.id, k.budget_spent, sum(r.final_amount) FROM api_keys k
    LEFT JOIN receipts r ON r.key_id = k.id AND r.settlement_status <> 'failed'
    GROUP BY k.id HAVING k.budget_spent <> coalesce(sum(r.final_amount), 0)`,
  'spent is the sum of the entries': `
    SELECT k.id, k.budget_spent, sum(e.amount) FROM api_keys k
    LEFT JOIN ledger_entries e ON e.ledger_account = 'key:' || k.id
    GROUP BY k.id HAVING k.budget_spent <> -coalesce(sum(e.amount), 0)`,
  'every transaction sums to zero': `
    SELECT transaction_id FROM ledger_entries GROUP BY transaction_id HAVING sum(amount) <> 0`,
  'a receipt is its amounts': `
    SELECT id FROM receipts WHERE final_amount <> provider_amount + platform_fee - overrun + unused_prepayment`,
  'a receipt is signed for its amounts': `
    SELECT r.id, r.signature FROM receipts r
    CROSS JOIN LATERAL (SELECT translate(split_part(r.signature, '.', 2), '-_', '+/') AS text) AS b
    CROSS JOIN LATERAL (
      SELECT convert_from(decode(rpad(b.text, (length(b.text) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb AS payload) AS p
    WHERE r.signature IS NULL OR p.payload ->> 'finalAmountWei' <> r.final_amount::text
      OR (r.overrun > 0) <> (p.payload -> 'lineItems' @> json_build_array(
           json_build_object('key', 'overrun', 'amountWei', (-r.overrun)::text))::jsonb)
      OR (r.unused_prepayment > 0) <> (p.payload -> 'lineItems' @> json_build_array(
           json_build_object('key', 'unused_prepayment', 'amountWei', r.unused_prepayment::text))::jsonb)
      OR (p.payload -> 'settlementStatus' IS NOT NULL AND (p.payload ->> 'settlementStatus', p.payload ->> 'txHash')
          IS DISTINCT FROM (r.settlement_status, r.tx_hash))`,
  'the operator bears exactly the overruns': `
    SELECT 1 FROM (SELECT -sum(amount) AS total FROM ledger_entries WHERE ledger_account = 'operator:overrun') e,
                  (SELECT sum(amount) AS total FROM overruns) o
    WHERE coalesce(e.total, 0) <> coalesce(o.total, 0)`,
  'a response counts what it and its items store': `
    SELECT r.id, r.stored_bytes FROM responses r WHERE r.stored_bytes <> stored_size(r)`,
  'an account counts what it stores': `
    SELECT a.id, stored_bytes(a) FROM accounts a LEFT JOIN (
      SELECT r.account_id, r.stored_bytes AS bytes FROM responses r
      UNION ALL SELECT c.account_id, stored_size(c) FROM conversations c
      UNION ALL SELECT o.account_id, answer_size(o.content, o.headers) FROM idempotency_records o
      UNION ALL SELECT v.account_id, stored_size(v) FROM videos v
      UNION ALL SELECT i.account_id, 256 + octet_length(i.item::text) FROM conversation_items i
      UNION ALL SELECT e.account_id, 256 + octet_length(e.event::text) FROM response_events e) AS s
    ON s.account_id = a.id GROUP BY a.id HAVING stored_bytes(a) <> coalesce(sum(s.bytes), 0)`,
};

export async function expectSoundBooks(pool: Pool): Promise<void> {
  const violations: Record<string, unknown[]> = {};
  for (const [rule, query] of Object.entries(RULES)) {
    const { rows } = await pool.query(query);
    if (rows.length > 0) violations[rule] = rows;
  }
  expect(violations).toEqual({});
}
