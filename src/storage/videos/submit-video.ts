import type { Pool } from 'pg';
import type { HoldGrant, HoldRefusal } from '../../payments/ledger.js';
import type { VideoIntent } from '../../videos/video-store.js';
import { givingBack, withLimits } from '../ledger/key-limits.js';
import { PATIENCE, whileLocked } from '../lock-wait.js';
import { paymentJson } from '../x402/payment-json.js';
import { NamedStatement } from '../named-statement.js';
import { answerOf, UNKNOWN_KEY, type HoldRow } from '../ledger/hold-statement.js';

const SUBMIT = new NamedStatement(
  'submit_video',
  `WITH ${givingBack('ARRAY[$keyHash::bytea]', '$countedHashes')}
${withLimits(`(SELECT v.* FROM ${PATIENCE} CROSS JOIN given_back CROSS JOIN LATERAL submit_video(
  CASE WHEN patience.set AND given_back.done THEN $processId END,
  $holdId, $keyHash, $pricedModel, $price, $requestId, $idempotencyKey, $fingerprint, $status, $videoId, $shape, $model,
  $request, $terms, $remixedFrom, $provider, $upstreamModel, $createdAt, $payment) AS v)`)}`,
);

/** Takes a hold for the full price and stores the intent, in one statement. */
export async function submitVideo(
  pool: Pool,
  processId: string,
  intent: VideoIntent,
): Promise<HoldGrant | HoldRefusal> {
  const { rows } = await whileLocked((lockWait) =>
    pool.query<HoldRow>(
      SUBMIT.with({
        lockWait,
        processId,
        holdId: intent.holdId,
        keyHash: intent.payer.hash,
        pricedModel: intent.terms.model,
        price: intent.price,
        requestId: intent.requestId,
        idempotencyKey: intent.once?.key ?? null,
        fingerprint: intent.once?.fingerprint ?? null,
        status: intent.once?.status ?? null,
        videoId: intent.id,
        shape: intent.shape,
        model: intent.model,
        request: JSON.stringify({ ...intent.parameters, hasImage: intent.hasImage }),
        terms: JSON.stringify(intent.terms),
        remixedFrom: intent.remixedFrom ?? null,
        provider: intent.terms.provider,
        upstreamModel: intent.upstreamModel,
        createdAt: new Date(intent.createdAtMs),
        payment: intent.payment ? paymentJson(intent.payment) : null,
        countedHashes: intent.counted ? [intent.payer.hash] : [],
      }),
    ),
  );
  const [row] = rows;
  return row ? answerOf(row) : UNKNOWN_KEY;
}
