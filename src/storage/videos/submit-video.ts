import type { Pool } from 'pg';
import type { HoldGrant, HoldRefusal } from '../../payments/ledger.js';
import type { VideoIntent } from '../../videos/video-store.js';
import { givingBack, withLimits } from '../ledger/key-limits.js';
import { PATIENCE, whileLocked } from '../lock-wait.js';
import { answerOf, UNKNOWN_KEY, type HoldRow } from '../ledger/hold-statement.js';

const SUBMIT = `WITH ${givingBack('ARRAY[$4::bytea]', '$20')}
${withLimits(`(SELECT v.* FROM ${PATIENCE} CROSS JOIN given_back CROSS JOIN LATERAL submit_video(
  CASE WHEN patience.set AND given_back.done THEN $2 END,
  $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) AS v)`)}`;

/** Takes the full price and stores the intent in one statement. */
export async function submitVideo(
  pool: Pool,
  processId: string,
  intent: VideoIntent,
): Promise<HoldGrant | HoldRefusal> {
  const { rows } = await whileLocked((lockWait) =>
    pool.query<HoldRow>({
      name: 'submit_video',
      text: SUBMIT,
      values: [
        lockWait,
        processId,
        intent.holdId,
        intent.payer.hash,
        intent.terms.model,
        intent.price,
        intent.requestId,
        intent.once?.key ?? null,
        intent.once?.fingerprint ?? null,
        intent.once?.status ?? null,
        intent.id,
        intent.shape,
        intent.model,
        JSON.stringify({ ...intent.parameters, hasImage: intent.hasImage }),
        JSON.stringify(intent.terms),
        intent.remixedFrom ?? null,
        intent.terms.provider,
        intent.upstreamModel,
        new Date(intent.createdAtMs),
        intent.counted ? [intent.payer.hash] : [],
      ],
    }),
  );
  const [row] = rows;
  return row ? answerOf(row) : UNKNOWN_KEY;
}
