import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import { isJsonObject } from '../../src/base/json.js';
import { verifyReceipt } from '../../src/payments/receipts/verify-receipt.js';
import {
  RECEIPT_COLUMNS,
  storedReceipt,
  type ReceiptRow,
} from '../../src/storage/responses/stored-receipt.js';
import { MISCOUNTED_ON_SHARDS } from './content-by-hand.js';
import { testSigner } from './receipt-signer.js';
import { ON_SHARDS } from './test-database.js';

const USAGE = `day, account, key_id, provider, model, settlement_status, calls, estimated_calls, input_tokens, output_tokens,
  provider_amount, platform_fee, overrun, final_amount`;

/** Summed afresh, by the lines of each receipt as JSON. */
const FRESH_USAGE = `
  SELECT (t.settled_at AT TIME ZONE 'UTC')::date AS day, account, key_id, provider, model, settlement_status,
    count(*) AS calls, count(*) FILTER (WHERE estimated) AS estimated_calls, sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens, sum(provider_amount) AS provider_amount, sum(platform_fee) AS platform_fee,
    sum(overrun) AS overrun, sum(final_amount) AS final_amount
  FROM admin.receipts t GROUP BY 1, 2, 3, 4, 5, 6`;

/** Rows that are in one of the two only. */
export const USAGE_DIFFERENCES = `
  (SELECT 'stated' AS source, * FROM (SELECT ${USAGE} FROM admin.usage_daily EXCEPT ${FRESH_USAGE}) AS stated)
  UNION ALL
  (SELECT 'counted', * FROM (${FRESH_USAGE} EXCEPT SELECT ${USAGE} FROM admin.usage_daily) AS counted)`;

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
    LEFT JOIN ledger e ON e.ledger_account = 'key:' || k.id
    GROUP BY k.id HAVING k.budget_spent <> -coalesce(sum(e.amount), 0)`,
  'every transaction sums to zero': `
    SELECT transaction_id FROM ledger GROUP BY transaction_id HAVING sum(amount) <> 0`,
  'a receipt is its amounts': `
    SELECT id FROM receipts WHERE final_amount <> provider_amount + platform_fee - overrun + unused_prepayment`,
  'the operator bears exactly the overruns': `
    SELECT 1 FROM (SELECT -sum(amount) AS total FROM ledger WHERE ledger_account = 'operator:overrun') e,
                  (SELECT sum(amount) AS total FROM overruns) o
    WHERE coalesce(e.total, 0) <> coalesce(o.total, 0)`,
  'usage is the sum of the receipts': USAGE_DIFFERENCES,
};

const CONTENT_RULES: Readonly<Record<string, string>> = {
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

/** The same, as Citus can ask it; not as of one moment. */
const SHARDED_CONTENT_RULES: Readonly<Record<string, string>> = {
  'a response counts what it and its items store': MISCOUNTED_ON_SHARDS,
  'an account counts what it stores': `
    WITH content AS MATERIALIZED (
      SELECT r.account_id, r.stored_bytes AS bytes FROM responses r
      UNION ALL SELECT c.account_id, 256 + octet_length(c.metadata::text) FROM conversations c
      UNION ALL SELECT o.account_id, 256 + coalesce(octet_length(o.content), 0) + coalesce(octet_length(o.headers::text), 0)
        FROM idempotency_records o
      UNION ALL SELECT i.account_id, 256 + octet_length(i.item::text) FROM conversation_items i
      UNION ALL SELECT e.account_id, 256 + octet_length(e.event::text) FROM response_events e),
    stated AS MATERIALIZED (
      SELECT a.id, stored_bytes(a) - coalesce((SELECT sum(stored_size(v)) FROM videos v WHERE v.account_id = a.id), 0) AS bytes
      FROM accounts a)
    SELECT s.id, s.bytes, sum(c.bytes) AS counted FROM stated s LEFT JOIN content c ON c.account_id = s.id
    GROUP BY s.id, s.bytes HAVING s.bytes <> coalesce(sum(c.bytes), 0)`,
};

export async function expectSoundBooks(pool: Pool): Promise<void> {
  const violations: Record<string, unknown[]> = {};
  const rules = { ...RULES, ...(ON_SHARDS ? SHARDED_CONTENT_RULES : CONTENT_RULES) };
  for (const [rule, query] of Object.entries(rules)) {
    const { rows } = await pool.query(query);
    if (rows.length > 0) violations[rule] = rows;
  }
  const forged = await receiptsThatAreNotGenuine(pool);
  if (forged.length > 0) violations['a receipt is signed for what it says'] = forged;
  expect(violations).toEqual({});
}

async function receiptsThatAreNotGenuine(pool: Pool): Promise<unknown[]> {
  const keys = await pool.query<{ kid: string; x: string }>('SELECT kid, public_key AS x FROM receipt_keys');
  const known = [...keys.rows, testSigner.publicKey].map((key) => ({ kty: 'OKP', crv: 'Ed25519', ...key }));
  const { rows } = await pool.query<ReceiptRow & { readonly response_id: string | null }>(
    `SELECT t.account_id, t.response_id, ${RECEIPT_COLUMNS} FROM receipts t`,
  );
  return rows.flatMap((row) => {
    const shown: unknown = JSON.parse(JSON.stringify(storedReceipt(row, row.response_id ?? undefined)));
    const verdict = isJsonObject(shown) ? verifyReceipt(shown, known) : { problem: 'there is none' };
    return 'problem' in verdict ? [{ ...verdict, shown }] : [];
  });
}
