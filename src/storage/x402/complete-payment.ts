import type { PoolClient } from 'pg';
import type { Receipt } from '../../base/money/receipt.js';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';
import type { CompletionWords } from '../../payments/x402/payment-store.js';
import type { Movement, StoredPayment } from '../../payments/x402/payment.js';
import { eraseResponse } from '../responses/erase-response.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from '../responses/stored-receipt.js';
import { withReceiptChanged } from './changed-answer.js';
import { storedPayment, type PaymentRow } from './payment-row.js';

export interface CompletedPayment {
  readonly payment: StoredPayment;
  readonly receipt: Receipt | undefined;
}

/** Within one transaction: the payment, its receipt, and the kept answer that shows the receipt. */
export async function completePayment(
  client: PoolClient,
  id: string,
  movement: Exclude<Movement, { outcome: 'unknown' }>,
  words: CompletionWords,
): Promise<CompletedPayment> {
  const [hash, failure] =
    movement.outcome === 'moved' ? [movement.transactionHash, null] : [null, movement.reason];
  const completed = await client.query<PaymentRow>('SELECT * FROM complete_x402($1, $2, $3)', [
    id,
    hash,
    failure,
  ]);
  const [row] = completed.rows;
  if (!row) throw new Error(`there is no payment ${id}`);
  const payment = storedPayment(row);
  const old = await receiptOf(client, payment);
  if (old?.settlementStatus !== 'pending' || !isFinal(payment)) return { payment, receipt: old };
  const receipt = changed(old, payment, words);
  await client.query('SELECT complete_x402_receipt($1, $2)', [id, receipt.signature]);
  if (payment.state === 'failed') await eraseUnpaid(client, payment);
  else await changeAnswer(client, payment, { old, now: receipt }, words);
  return { payment, receipt };
}

type FinalPayment = StoredPayment & { readonly state: 'settled' | 'failed' };

function isFinal(payment: StoredPayment): payment is FinalPayment {
  return payment.state === 'settled' || payment.state === 'failed';
}

async function receiptOf(client: PoolClient, { holdId }: StoredPayment): Promise<Receipt | undefined> {
  const { rows } = await client.query<ReceiptRow & { readonly response_id: string | null }>(
    `SELECT t.account_id, t.response_id, ${RECEIPT_COLUMNS} FROM receipts t WHERE t.hold_id = $1`,
    [holdId],
  );
  const [row] = rows;
  return row && storedReceipt(row, row.response_id ?? undefined);
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

async function changeAnswer(
  client: PoolClient,
  payment: StoredPayment,
  { old, now }: { readonly old: Receipt; readonly now: Receipt },
  words: CompletionWords,
): Promise<void> {
  const { rows } = await client.query<KeptAnswer>(
    `SELECT kind, status, headers, content FROM idempotency_records
     WHERE hold_id = $1 AND headers IS NOT NULL AND content IS NOT NULL FOR UPDATE`,
    [payment.holdId],
  );
  const [kept] = rows;
  if (!kept) return;
  const answer = withReceiptChanged(kept, old, now);
  const tells = !(kept.kind === 'stream' && payment.scheme === 'upto');
  const headers = {
    ...answer.headers,
    ...(tells ? { 'PAYMENT-RESPONSE': await words.response(payment) } : {}),
  };
  await client.query('UPDATE idempotency_records SET headers = $2::json, content = $3 WHERE hold_id = $1', [
    payment.holdId,
    JSON.stringify(headers),
    answer.content,
  ]);
}

/** What was not paid for is not given away; with the record of its request, it may be bought again. */
async function eraseUnpaid(
  client: PoolClient,
  { accountId, responseId, holdId }: StoredPayment,
): Promise<void> {
  if (responseId !== undefined) await eraseResponse(client, { accountId, id: responseId, onlyChat: false });
  await client.query('DELETE FROM idempotency_records WHERE hold_id = $1', [holdId]);
}
