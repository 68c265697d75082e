import type { Pool } from 'pg';
import type { VideoParameters } from '../../videos/domain/video-job.js';
import type { LostVideo } from '../../videos/video-store.js';

/** A submission has this long, by the clock of the database, until its process knows of it. */
const SETTLING_SECONDS = 60;

interface LostRow {
  readonly id: string;
  readonly video_request_id: string;
  readonly model: string;
  readonly request: VideoParameters & { readonly hasImage?: boolean };
  readonly remixed_from: string | null;
  readonly remix_of: string | null;
  readonly provider: string;
  readonly upstream_model: string;
  readonly upstream_key: string | null;
  readonly attempt: number;
  readonly sent: boolean;
  readonly created_at: Date;
}

/** Jobs whose submission is not under way any more, and whose outcome was not stored. */
export async function claimLostVideos(
  pool: Pool,
  processId: string,
  underWay: readonly string[],
  limit: number,
): Promise<readonly LostVideo[]> {
  const { rows } = await pool.query<LostRow>({
    name: 'claim_lost_videos',
    text: `
WITH lost AS (
  SELECT v.id FROM videos v
  WHERE v.finished_at IS NULL AND v.next_poll_at IS NULL AND v.status = 'submitting'
    AND ((v.process_id <> $1 AND NOT EXISTS (
            SELECT FROM gateway_processes p WHERE p.id = v.process_id AND p.lease_expires_at > now()))
         OR (v.process_id = $1 AND NOT v.id = ANY ($2::text[])
             AND NOT EXISTS (SELECT FROM holds h
                             WHERE h.id = v.hold_id AND h.created_at > now() - interval '${SETTLING_SECONDS} seconds')))
  LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE videos v SET process_id = $1 FROM lost l WHERE v.id = l.id
RETURNING v.id, v.request_id AS video_request_id, v.model, v.request, v.remixed_from, v.provider, v.upstream_model,
          v.upstream_key, v.attempt, v.created_at, (SELECT h.sent FROM holds h WHERE h.id = v.hold_id) AS sent,
          (SELECT s.upstream_id FROM videos s WHERE s.id = v.remixed_from) AS remix_of`,
    values: [processId, underWay, limit],
  });
  return rows.map(lostVideo);
}

function lostVideo(row: LostRow): LostVideo {
  return {
    id: row.id,
    requestId: row.video_request_id,
    model: row.model,
    parameters: row.request,
    remixOf: row.remix_of ?? undefined,
    isWhole: row.request.hasImage === false && (row.remixed_from === null || row.remix_of !== null),
    provider: row.provider,
    upstreamModel: row.upstream_model,
    upstreamKey: row.upstream_key ?? undefined,
    isSent: row.sent,
    attempt: row.attempt,
    createdAtMs: row.created_at.getTime(),
  };
}
