import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { HoldGrant, HoldRefusal } from '../../payments/ledger.js';
import type { UpstreamPlace, VideoError } from '../../videos/domain/video-job.js';
import type { VideoStatus } from '../../videos/domain/video-status.js';
import {
  VideoStore,
  type AcceptedVideo,
  type LostVideo,
  type OwnedVideo,
  type VideoIntent,
  type VideoPage,
  type VideoPageRequest,
  type VideoResult,
  type SignedVideo,
} from '../../videos/video-store.js';
import { columnText } from '../column-text.js';
import { Database } from '../database.js';
import { withinPage } from '../within-page.js';
import { claimLostVideos } from './claim-lost-videos.js';
import { completeVideo, failSubmission, failVideo, withdrawVideo } from './end-video.js';
import { STORAGE_FULL } from '../ledger/hold-statement.js';
import { StorageRoom } from '../storage-room.js';
import { submitVideo } from './submit-video.js';
import {
  laterStatus,
  SHOWN_COLUMNS,
  shownJob,
  UPSTREAM_COLUMNS,
  upstreamJob,
  WITH_RECEIPT,
  type ShownRow,
  type UpstreamRow,
} from './video-row.js';

@Injectable()
export class PostgresVideoStore extends VideoStore {
  protected readonly pool: Pool;

  constructor(
    { pool }: Database,
    protected readonly identity: ProcessIdentity,
    protected readonly room: StorageRoom,
  ) {
    super();
    this.pool = pool;
  }

  async submit(intent: VideoIntent): Promise<HoldGrant | HoldRefusal> {
    const bytes = JSON.stringify(intent.parameters).length;
    const hasRoom = await this.room.hasRoom({ payer: intent.payer }, bytes);
    if (!hasRoom) return { ...STORAGE_FULL, isCounted: intent.counted };
    return submitVideo(this.pool, this.identity.id, intent);
  }

  async retarget(
    id: string,
    { provider, upstreamModel, upstreamKey }: UpstreamPlace,
    attempt: number,
  ): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `WITH ours AS (
         UPDATE videos SET provider = $2, upstream_model = $3, attempt = $4, upstream_key = $6
         WHERE id = $1 AND status = 'submitting' AND process_id = $5 RETURNING hold_id)
       UPDATE holds h SET sent = true FROM ours o WHERE h.id = o.hold_id`,
      [id, provider, upstreamModel, attempt, this.identity.id, upstreamKey ?? null],
    );
    return rowCount === 1;
  }

  async accept(id: string, { upstreamId, status, progress, nextPollMs }: AcceptedVideo): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `UPDATE videos v SET status = ${laterStatus('$3')}, progress = greatest(progress, $4), upstream_id = $2,
         next_poll_at = coalesce(next_poll_at, now() + make_interval(secs => $5 / 1000.0))
       WHERE id = $1 AND finished_at IS NULL AND (status = 'submitting' OR upstream_id = $2)`,
      [id, upstreamId, status, progress, nextPollMs],
    );
    return rowCount === 1;
  }

  withdraw(id: string): Promise<void> {
    return withdrawVideo(this.pool, this.identity.id, id);
  }

  complete(id: string, settlement: SignedVideo, result: VideoResult): Promise<boolean> {
    return completeVideo(this.pool, id, settlement, result);
  }

  fail(id: string, error: VideoError): Promise<boolean> {
    return failVideo(this.pool, id, error);
  }

  failSubmission(id: string, error: VideoError): Promise<boolean> {
    return failSubmission(this.pool, this.identity.id, id, error);
  }

  claimLost(underWay: readonly string[], limit: number): Promise<readonly LostVideo[]> {
    return claimLostVideos(this.pool, this.identity.id, underWay, limit);
  }

  async find(accountId: string, id: string): Promise<OwnedVideo | undefined> {
    const { rows } = await this.pool.query<ShownRow & UpstreamRow>({
      name: 'find_video',
      text: `SELECT ${SHOWN_COLUMNS}, ${UPSTREAM_COLUMNS}
             FROM ${WITH_RECEIPT} JOIN api_keys k ON k.id = v.key_id
             WHERE v.id = $1 AND v.account_id = $2 AND v.deleted_at IS NULL`,
      values: [columnText(id), accountId],
    });
    const [row] = rows;
    return row && { shown: shownJob(row), upstream: upstreamJob(row) };
  }

  async page(accountId: string, { limit, order, after }: VideoPageRequest): Promise<VideoPage> {
    const [beyond, direction] = order === 'asc' ? ['>', 'ASC'] : ['<', 'DESC'];
    const sorting = `created_at ${direction}, id ${direction}`;
    const page = `SELECT v.* FROM videos v
       WHERE v.account_id = $1 AND v.deleted_at IS NULL
         AND ($2::text IS NULL OR (v.created_at, v.id) ${beyond}
              (SELECT c.created_at, c.id FROM videos c WHERE c.id = $2 AND c.account_id = $1))
       ORDER BY ${sorting} LIMIT $3`;
    const { rows } = await this.pool.query<ShownRow & { readonly found: string }>(
      `SELECT ${SHOWN_COLUMNS}, v.found FROM (${withinPage(page, 'request', sorting)}) AS v
       LEFT JOIN receipts t ON t.hold_id = v.hold_id
       ORDER BY v.created_at ${direction}, v.id ${direction}`,
      [accountId, after === undefined ? null : columnText(after), limit + 1],
    );
    const videos = rows.slice(0, limit).map(shownJob);
    return { videos, hasMore: Number(rows[0]?.found ?? 0) > videos.length };
  }

  async erase(accountId: string, id: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `WITH erased AS (
         UPDATE videos SET deleted_at = now(), request = NULL, content = NULL
         WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL AND finished_at IS NOT NULL RETURNING id),
       answers AS (
         UPDATE idempotency_records o SET kind = 'erased', headers = NULL, content = NULL
         FROM erased e WHERE o.response_id = e.id)
       SELECT id FROM erased`,
      [columnText(id), accountId],
    );
    return rowCount === 1;
  }

  async countRunning(): Promise<readonly { readonly status: VideoStatus; readonly count: number }[]> {
    const { rows } = await this.pool.query<{ status: VideoStatus; count: number }>(
      `SELECT s.status, count(v.id)::int AS count
       FROM unnest(ARRAY['submitting', 'queued', 'processing']) AS s (status)
       LEFT JOIN videos v ON v.finished_at IS NULL AND v.status = s.status GROUP BY s.status`,
    );
    return rows;
  }

  async purge(before: Date, limit: number): Promise<number> {
    const { rowCount } = await this.pool.query(
      `WITH old AS (
         SELECT id FROM videos WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       DELETE FROM videos v USING old o WHERE v.id = o.id`,
      [before, limit],
    );
    return rowCount ?? 0;
  }
}
