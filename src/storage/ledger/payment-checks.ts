import { keyFigure } from './key-figure.js';

/** The entries of payments by wallets: transaction, account and amount. */
export const PAYMENT_ENTRIES = `SELECT v.* FROM x402_payments p LEFT JOIN receipts r ON r.hold_id = p.hold_id
     CROSS JOIN LATERAL (VALUES
       (p.id, 'chain:eip155:' || p.chain_id, CASE WHEN p.state = 'settled' THEN -p.amount END),
       (p.id, 'paid:' || p.key_id, CASE WHEN p.state = 'settled' THEN p.amount END),
       (p.id || ':refund_due', 'paid:' || p.key_id, -p.refund_due),
       (p.id || ':refund_due', 'refund_due:' || p.key_id, p.refund_due),
       (p.id || ':refund', 'refund_due:' || p.key_id, CASE WHEN p.refunded_at IS NOT NULL THEN -p.refund_due END),
       (p.id || ':refund', 'chain:eip155:' || p.chain_id, CASE WHEN p.refunded_at IS NOT NULL THEN p.refund_due END),
       (p.id || ':unpaid', 'key:' || p.key_id, CASE WHEN r.settlement_status = 'failed' THEN r.final_amount END),
       (p.id || ':unpaid', 'operator:unpaid', CASE WHEN r.settlement_status = 'failed' THEN -r.final_amount END)
     ) AS v (id, ledger_account, amount) WHERE v.amount <> 0`;

/** As `CHECKS` in check-books.ts. */
export const PAYMENT_CHECKS: readonly string[] = [
  keyFigure(
    'moved',
    'its payments',
    `SELECT key_id, sum(amount - refund_due) AS total FROM x402_payments WHERE state = 'settled'`,
  ),
  keyFigure(
    'moved',
    'its ledger entries',
    `SELECT substr(ledger_account, 6) AS key_id, sum(amount) AS total FROM ledger
     WHERE ledger_account LIKE 'paid:%'`,
  ),
  // Every hold and every charge of a wallet has its payment, and no payment has more of them than one.
  `SELECT c.id, 'amount', c.amount, p.authorised, 'the payment that the hold was taken with'
   FROM holds c JOIN api_keys k ON k.id = c.key_id AND k.wallet IS NOT NULL
   LEFT JOIN x402_payments p ON p.hold_id = c.id AND p.key_id = c.key_id
   WHERE c.amount IS DISTINCT FROM p.authorised`,
  `SELECT r.id, 'final_amount', r.final_amount, p.amount, 'its payment'
   FROM receipts r JOIN api_keys k ON k.id = r.key_id AND k.wallet IS NOT NULL
   LEFT JOIN x402_payments p ON p.hold_id = r.hold_id AND p.key_id = r.key_id
   WHERE p.id IS NULL OR (p.state <> 'claimed' AND r.final_amount <> p.amount) OR r.final_amount > p.authorised`,
  // 1: the receipt says what became of the payment, as soon as nothing is left to be done.
  `SELECT r.id, 'settlement_status ' || r.settlement_status || coalesce(' ' || r.tx_hash, ''), 0, 1,
          'the payment ' || p.id || ', which is ' || p.state || coalesce(' by ' || p.transaction_hash, '')
   FROM receipts r JOIN x402_payments p ON p.hold_id = r.hold_id
   WHERE p.concluded_at IS NOT NULL AND p.next_attempt_at IS NULL
     AND (r.settlement_status, r.tx_hash) IS DISTINCT FROM (
       CASE p.state WHEN 'burned' THEN 'settled' WHEN 'due' THEN 'pending' ELSE p.state END, p.transaction_hash)`,
  `SELECT p.id, 'refund_due', p.refund_due,
          CASE WHEN p.state = 'settled' AND p.concluded_at IS NOT NULL AND r.id IS NULL THEN p.amount ELSE 0 END, 'its receipt'
   FROM x402_payments p LEFT JOIN receipts r ON r.hold_id = p.hold_id
   WHERE p.refund_due <> CASE WHEN p.state = 'settled' AND p.concluded_at IS NOT NULL AND r.id IS NULL THEN p.amount ELSE 0 END`,
  // A payment that is due is looked at again. One without a hold has been concluded, or will be.
  `SELECT p.id, 'what is to be done', 0, 1, 'its state, ' || p.state
   FROM x402_payments p WHERE p.state = 'due' AND p.next_attempt_at IS NULL`,
];
