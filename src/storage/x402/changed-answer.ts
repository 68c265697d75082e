import type { JsonObject } from '../../base/json.js';
import { receiptInBody } from '../../base/money/receipt-json.js';
import type { Receipt } from '../../base/money/receipt.js';
import type { StoredPayment } from '../../payments/x402/payment.js';
import type { KeptAnswer } from '../../payments/once/idempotency-store.js';

type Answer = Pick<KeptAnswer, 'headers' | 'content'>;

/**
 * An answer that shows the new receipt where it showed the old one: in frames, in a body and in `X-Compose-Receipt`.
 * Nothing else can be taken for the old receipt, since its signature was not known before it.
 */
export function withReceiptChanged({ headers, content }: Answer, old: Receipt, now: Receipt): Answer {
  const inHeader = (receipt: Receipt): string => Buffer.from(JSON.stringify(receipt)).toString('base64url');
  const [before, after] = [inHeader(old), inHeader(now)];
  return {
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === before ? after : value]),
    ),
    content: [(receipt: Receipt) => receipt, receiptInBody].reduce(
      (text, shown) => text.replaceAll(JSON.stringify(shown(old)), () => JSON.stringify(shown(now))),
      content,
    ),
  };
}

/** The value of `PAYMENT-RESPONSE`: x402's `SettlementResponse` of a payment that has been moved. */
export function paymentResponse({ transactionHash, chainId, amount, payer, payload }: StoredPayment): string {
  const response = {
    success: true,
    transaction: transactionHash,
    network: `eip155:${chainId}`,
    payer: payerAsSigned(payload) ?? payer,
    amount: amount?.toString(),
  };
  return Buffer.from(JSON.stringify(response)).toString('base64');
}

/** In the spelling that the client used, usually with a checksum. */
function payerAsSigned(payload: JsonObject): string | undefined {
  const signed = payload['payload'] as
    { readonly authorization?: JsonObject; readonly permit2Authorization?: JsonObject } | undefined;
  const from = (signed?.authorization ?? signed?.permit2Authorization)?.['from'];
  return typeof from === 'string' ? from : undefined;
}
