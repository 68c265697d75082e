import { receiptInBody } from '../../base/money/receipt-json.js';
import type { Receipt } from '../../base/money/receipt.js';
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
