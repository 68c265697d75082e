import { Client } from 'pg';
import { PrimaryFinder } from '../servers/find-primary.js';
import { PAYMENT_CHECKS, PAYMENT_ENTRIES } from './payment-checks.js';
import { keyFigure } from './key-figure.js';

/** A figure of the books that other rows contradict. Amounts are atomic USDC. */
export interface Difference {
  /** What has the figure: the id of a key, a receipt, a hold, an overrun or a transaction. */
  readonly subject: string;
  readonly figure: string;
  /** Null: there is no such row. */
  readonly stated: string | null;
  readonly counted: string;
  /** The rows that were counted. */
  readonly source: string;
}

export interface BooksReport {
  readonly keys: number;
  readonly receipts: number;
  readonly entries: number;
  readonly openHolds: number;
  readonly differences: readonly Difference[];
}

/** It may take longer than operators let other statements take. */
const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0';

/** Each returns only pairs that differ. */
const CHECKS: readonly string[] = [
  keyFigure(
    'budget_spent',
    'its receipts',
    `SELECT key_id, sum(final_amount) AS total FROM receipts WHERE settlement_status <> 'failed'`,
  ),
  keyFigure(
    'budget_spent',
    'its ledger entries',
    `SELECT substr(ledger_account, 5) AS key_id, -sum(amount) AS total FROM ledger
     WHERE ledger_account LIKE 'key:%'`,
  ),
  keyFigure('budget_held', 'its open holds', 'SELECT key_id, sum(amount) AS total FROM holds'),
  keyFigure('open_holds', 'its open holds', 'SELECT key_id, count(*) AS total FROM holds'),
  `SELECT transaction_id AS subject, 'the sum of its entries' AS figure, sum(amount) AS stated, 0 AS counted,
          'double entry' AS source
   FROM ledger GROUP BY transaction_id HAVING sum(amount) <> 0`,
  `SELECT id, 'final_amount', final_amount, provider_amount + platform_fee - overrun + unused_prepayment,
          'its other amounts'
   FROM receipts WHERE final_amount <> provider_amount + platform_fee - overrun + unused_prepayment`,
  `SELECT r.id, 'provider_amount', r.provider_amount, l.total, 'its line items'
   FROM receipts r CROSS JOIN LATERAL (
     SELECT coalesce(sum(coalesce(i ->> 4, i ->> 'amountWei')::numeric), 0) AS total
     FROM json_array_elements(coalesce(r.lines, r.line_items)) AS i) AS l
   WHERE r.provider_amount <> l.total`,
  // The entries that a receipt, an overrun or a payment must have. The provider of an overrun follows from the sum of zero.
  `SELECT coalesce(e.transaction_id, x.id), 'the entry ' || coalesce(e.ledger_account, x.ledger_account), e.amount,
          coalesce(x.amount, 0), 'the receipt or overrun'
   FROM (SELECT * FROM ledger
         WHERE transaction_id NOT LIKE 'ovr\\_%' OR ledger_account NOT LIKE 'provider:%') AS e
   FULL JOIN (
     SELECT r.id, v.ledger_account, v.amount FROM receipts r CROSS JOIN LATERAL (VALUES
       ('key:' || r.key_id, -r.final_amount), ('provider:' || split_part(r.meter_subject, ':', 1), r.provider_amount),
       ('platform:fee', r.platform_fee), ('operator:overrun', -r.overrun),
       ('platform:unused_prepayment', r.unused_prepayment)) AS v (ledger_account, amount)
     WHERE v.amount <> 0
     UNION ALL SELECT id, 'operator:overrun', -amount FROM overruns WHERE reason = 'after_sweep' AND amount <> 0
     UNION ALL ${PAYMENT_ENTRIES}) AS x
     ON x.id = e.transaction_id AND x.ledger_account = e.ledger_account
   WHERE e.amount IS DISTINCT FROM x.amount`,
  `SELECT coalesce(o.id, 'ovr_' || substr(r.id, 5)), 'amount', o.amount, coalesce(r.overrun, 0), 'the overrun of its receipt'
   FROM (SELECT * FROM overruns WHERE reason = 'above_budget') AS o
   FULL JOIN (SELECT * FROM receipts WHERE overrun <> 0) AS r ON o.hold_id = r.hold_id
   WHERE o.amount IS DISTINCT FROM r.overrun`,
  `SELECT h.id, 'amount', h.amount, 0, 'the receipt ' || r.id || ', which ended it,'
   FROM holds h JOIN receipts r ON r.hold_id = h.id`,
  // Usage stays when receipts are removed, so it may say more than they do.
  `SELECT 'usage of ' || r.day, 'calls', coalesce(u.calls, 0), r.calls, 'its receipts'
   FROM (SELECT (settled_at AT TIME ZONE 'UTC')::date AS day, count(*) AS calls FROM receipts GROUP BY 1) AS r
   LEFT JOIN (SELECT day, sum(calls) AS calls FROM admin.usage_daily GROUP BY 1) AS u USING (day)
   WHERE coalesce(u.calls, 0) < r.calls`,
  `SELECT 'usage of ' || r.day, 'final_amount', u.amount, r.amount, 'its receipts'
   FROM (SELECT (settled_at AT TIME ZONE 'UTC')::date AS day, count(*) AS calls, sum(final_amount) AS amount
         FROM receipts GROUP BY 1) AS r
   JOIN (SELECT day, sum(calls) AS calls, sum(final_amount) AS amount FROM admin.usage_daily GROUP BY 1) AS u USING (day)
   WHERE u.calls = r.calls AND u.amount <> r.amount`,
  ...PAYMENT_CHECKS,
];

const COUNTS = `SELECT (SELECT count(*) FROM api_keys)::int AS keys, (SELECT count(*) FROM receipts)::int AS receipts,
  (SELECT count(*) FROM ledger)::int AS entries, (SELECT count(*) FROM holds)::int AS open_holds`;

/** Recomputes every figure of the books as of one moment, while calls run. Reads all rows, so it takes a while. */
export async function checkBooks(databaseUrl: string): Promise<BooksReport> {
  const connectionString = await new PrimaryFinder(databaseUrl).urlNow();
  const client = new Client({ connectionString, application_name: 'check-books' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(BEGIN);
    const { rows: counts } = await client.query<{
      keys: number;
      receipts: number;
      entries: number;
      open_holds: number;
    }>(COUNTS);
    const differences: Difference[] = [];
    for (const check of CHECKS) {
      const { rows } = await client.query<Difference>(
        `SELECT subject, figure, stated::text, counted::text, source
         FROM (${check}) AS d (subject, figure, stated, counted, source) ORDER BY subject, figure`,
      );
      for (const row of rows) differences.push(row);
    }
    await client.query('COMMIT');
    const { keys = 0, receipts = 0, entries = 0, open_holds: openHolds = 0 } = counts[0] ?? {};
    return { keys, receipts, entries, openHolds, differences };
  } finally {
    await client.end();
  }
}
