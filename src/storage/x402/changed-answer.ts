import { receiptInBody } from '../../base/money/receipt-json.js';
import type { Receipt } from '../../base/money/receipt.js';

/**
 * Lets the kept answer of a payment's hold show the new receipt wherever it shows the old one: in frames, in a body and in
 * `X-Compose-Receipt`. Nothing else can be taken for the old receipt, since its signature was not known before it.
 * `$told` are headers to be added. A stream by use has no more of them: it tells in its receipt.
 */
export const CHANGING_ANSWER = `UPDATE idempotency_records o
  SET content = replace(replace(o.content, $oldFrame, $newFrame), $oldBody, $newBody),
      headers = (replace(o.headers::text, $oldHeader, $newHeader)::jsonb
        || CASE WHEN o.kind = 'stream' AND $isByUse THEN '{}' ELSE $told::jsonb END)::json
  WHERE o.hold_id = $holdId AND o.headers IS NOT NULL AND o.content IS NOT NULL`;

/** The values for it. */
export function receiptChange(old: Receipt, now: Receipt): Readonly<Record<string, string>> {
  const [before, after] = [shown(old), shown(now)];
  return {
    oldFrame: before.frame,
    newFrame: after.frame,
    oldBody: before.body,
    newBody: after.body,
    oldHeader: before.header,
    newHeader: after.header,
  };
}

function shown(receipt: Receipt): Readonly<Record<'frame' | 'body' | 'header', string>> {
  const frame = JSON.stringify(receipt);
  const header = Buffer.from(frame).toString('base64url');
  return { frame, body: JSON.stringify(receiptInBody(receipt)), header };
}
