import type { ClientBase } from 'pg';
import type { Receipt } from '../../base/money/receipt.js';
import type { CompletionWords } from '../../payments/x402/payment-store.js';
import type { Movement, StoredPayment } from '../../payments/x402/payment.js';
import { PATIENCE, type LockWait } from '../lock-wait.js';
import { NamedStatement } from '../named-statement.js';
import { eraseWithin } from '../responses/erase-response.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from '../responses/stored-receipt.js';
import { CHANGING_ANSWER, receiptChange } from './changed-answer.js';
import { storedPayment, type PaymentRow } from './payment-row.js';

export interface CompletedPayment {
  readonly payment: StoredPayment;
  readonly receipt: Receipt | undefined;
}

const COMPLETE = new NamedStatement(
  'complete_payment',
  `SELECT p.*, t.response_id AS receipt_response_id, ${RECEIPT_COLUMNS}
   FROM ${PATIENCE} CROSS JOIN LATERAL complete_x402(CASE WHEN patience.set THEN $id END, $hash, $failure) AS p
   LEFT JOIN receipts t ON t.hold_id = p.hold_id`,
);

/** What a payment bought, which changes or goes with it. */
export interface PaidContent {
  /** Completes the receipt, and the kept answer that shows it. */
  readonly change: NamedStatement;
  /** What was not paid for is not given away; with the record of its request, it may be bought again. */
  erase(database: Pick<ClientBase, 'query'>, payment: StoredPayment): Promise<void>;
}

export const BESIDE_MONEY: PaidContent = {
  change: new NamedStatement(
    'complete_payment_receipt',
    `WITH answer AS (${CHANGING_ANSWER})
   SELECT complete_x402_receipt(CASE WHEN patience.set THEN $id END, $signature) FROM ${PATIENCE}`,
  ),
  async erase(database, { accountId, responseId, holdId }) {
    if (responseId !== undefined) await eraseWithin(database, { accountId, id: responseId, onlyChat: false });
    await database.query('DELETE FROM idempotency_records WHERE hold_id = $1', [holdId]);
    await eraseVideo(database, holdId);
  },
};

/** A video that has been made; one that is still being made has no receipt yet, and comes here when it has one. */
export async function eraseVideo(database: Pick<ClientBase, 'query'>, holdId: string): Promise<void> {
  await database.query(
    `UPDATE videos SET deleted_at = now(), request = NULL, content = NULL
     WHERE hold_id = $1 AND deleted_at IS NULL AND finished_at IS NOT NULL`,
    [holdId],
  );
}

/**
 * First the payment, then its receipt, and the kept answer that shows the receipt. A process that dies in between leaves
 * the payment to the worker. To be called within a transaction for a payment that failed: what it would have bought goes
 * with it.
 */
export async function completePayment(
  database: Pick<ClientBase, 'query'>,
  id: string,
  movement: Exclude<Movement, { outcome: 'unknown' }>,
  words: CompletionWords,
  { lockWait, content }: { readonly lockWait: LockWait; readonly content: PaidContent },
): Promise<CompletedPayment> {
  const [hash, failure] =
    movement.outcome === 'moved' ? [movement.transactionHash, null] : [null, movement.reason];
  const completed = await database.query<CompletedRow>(COMPLETE.with({ id, hash, failure, lockWait }));
  const [row] = completed.rows;
  if (!row) throw new Error(`there is no payment ${id}`);
  const payment = storedPayment(row);
  const old = storedReceipt(row, row.receipt_response_id ?? undefined);
  if (old?.settlementStatus !== 'pending' || !isFinal(payment)) return { payment, receipt: old };
  const receipt = changed(old, payment, words);
  await database.query(
    content.change.with({
      ...receiptChange(old, receipt),
      isByUse: payment.scheme === 'upto',
      told: JSON.stringify({ 'PAYMENT-RESPONSE': await words.response(payment) }),
      holdId: payment.holdId,
      accountId: payment.accountId,
      id,
      signature: receipt.signature,
      lockWait,
    }),
  );
  if (payment.state === 'failed') await content.erase(database, payment);
  return { payment, receipt };
}

interface CompletedRow extends PaymentRow, Omit<ReceiptRow, 'account_id'> {
  readonly receipt_response_id: string | null;
}

type FinalPayment = StoredPayment & { readonly state: 'settled' | 'failed' };

function isFinal(payment: StoredPayment): payment is FinalPayment {
  return payment.state === 'settled' || payment.state === 'failed';
}

/** The fields come in the order of `buildReceipt`, as in every other receipt. */
function changed(
  { signature: _old, ...receipt }: Receipt,
  { state, transactionHash }: FinalPayment,
  words: CompletionWords,
): Receipt {
  const unsigned: Receipt = {
    ...receipt,
    settlementStatus: state,
    ...(transactionHash === undefined ? {} : { txHash: transactionHash }),
  };
  return { ...unsigned, signature: words.sign(unsigned) };
}
