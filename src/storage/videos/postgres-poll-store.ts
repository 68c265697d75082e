import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { ProcessIdentity } from '../../payments/lease-keeper.js';
import type { UpstreamJob, VideoProgress } from '../../videos/domain/video-job.js';
import { PollStore, type PollPauses, type Sighting, type Watch } from '../../videos/polling/poll-store.js';
import { Database } from '../database.js';
import {
  laterStatus,
  PROGRESS_COLUMNS,
  progressOf,
  UPSTREAM_COLUMNS,
  upstreamJob,
  WITH_RECEIPT,
  type ProgressRow,
  type UpstreamRow,
} from './video-row.js';

/** The shortest interval of the watches of a row `v`, milliseconds; null when there are none. */
const WATCHED = `(SELECT min(w.interval_ms) FROM video_watches w WHERE w.video_id = v.id AND w.expires_at > now())`;

/** A condition on a row `v`: no process polls it at this moment. */
const UNCLAIMED = `(v.poller_until IS NULL OR v.poller_until <= now())`;

/** If no process has polled for so long, and two pauses more, the gateway was away, and not the provider. */
const OUTAGE_SECONDS = 300;

/** Keeps repeated doubling within the range of numbers. */
const MOST_DOUBLINGS = 20;

@Injectable()
export class PostgresPollStore extends PollStore {
  private readonly pool: Pool;

  constructor(
    { pool }: Database,
    private readonly identity: ProcessIdentity,
  ) {
    super();
    this.pool = pool;
  }

  async claim(limit: number, leaseMs: number): Promise<readonly UpstreamJob[]> {
    const { rows } = await this.pool.query<UpstreamRow>({
      name: 'claim_polls',
      text: `
WITH due AS (
  SELECT v.id FROM videos v
  WHERE v.finished_at IS NULL AND v.next_poll_at <= now() AND ${UNCLAIMED}
  ORDER BY v.next_poll_at LIMIT $2 FOR UPDATE SKIP LOCKED),
claimed AS (
  UPDATE videos v SET poller_id = $1, poller_until = now() + make_interval(secs => $3 / 1000.0)
  FROM due d WHERE v.id = d.id RETURNING v.*)
SELECT ${UPSTREAM_COLUMNS} FROM claimed v JOIN api_keys k ON k.id = v.key_id`,
      values: [this.identity.id, limit, leaseMs],
    });
    return rows.map(upstreamJob);
  }

  async nextDueMs(): Promise<number | undefined> {
    const { rows } = await this.pool.query<{ due_ms: number | null }>({
      name: 'next_poll',
      text: `SELECT (extract(epoch FROM v.next_poll_at - now()) * 1000)::float8 AS due_ms FROM videos v
             WHERE v.finished_at IS NULL AND v.next_poll_at IS NOT NULL AND ${UNCLAIMED}
             ORDER BY v.next_poll_at LIMIT 1`,
    });
    return rows[0]?.due_ms ?? undefined;
  }

  async seen(id: string, { status, progress }: Sighting, { firstMs, longestMs }: PollPauses): Promise<void> {
    await this.pool.query({
      name: 'poll_seen',
      text: `
UPDATE videos v
SET status = ${laterStatus('$3')}, progress = greatest(v.progress, $4), polled_at = now(), poller_id = NULL, poller_until = NULL,
    failed_polls = 0, failing_since = NULL,
    quiet_polls = CASE WHEN ${WATCHED} IS NULL THEN v.quiet_polls + 1 ELSE 0 END,
    next_poll_at = now() + make_interval(secs => coalesce(
      ${WATCHED}, least($6, $5 * 2.0 ^ least(v.quiet_polls, ${MOST_DOUBLINGS})))::float8 / 1000)
WHERE v.id = $1 AND v.poller_id = $2 AND v.finished_at IS NULL`,
      values: [id, this.identity.id, status, progress, firstMs, longestMs],
    });
  }

  async missed(id: string, { firstMs, longestMs }: PollPauses): Promise<number> {
    const { rows } = await this.pool.query<{ failing_ms: number }>({
      name: 'poll_missed',
      text: `
UPDATE videos v
SET polled_at = now(), poller_id = NULL, poller_until = NULL, failed_polls = v.failed_polls + 1,
    failing_since = CASE WHEN v.polled_at > now() - make_interval(secs => ($4 * 2 / 1000.0 + ${OUTAGE_SECONDS})::float8)
      THEN coalesce(v.failing_since, now()) ELSE now() END,
    next_poll_at = now() + make_interval(secs => least($4, greatest(
      $3 * 2.0 ^ least(v.failed_polls, ${MOST_DOUBLINGS}) / 2, coalesce(${WATCHED}, 0)))::float8 / 1000)
WHERE v.id = $1 AND v.poller_id = $2 AND v.finished_at IS NULL
RETURNING (extract(epoch FROM now() - v.failing_since) * 1000)::float8 AS failing_ms`,
      values: [id, this.identity.id, firstMs, longestMs],
    });
    return rows[0]?.failing_ms ?? 0;
  }

  async giveBack(): Promise<void> {
    await this.pool.query(
      `UPDATE videos SET poller_id = NULL, poller_until = NULL
       WHERE finished_at IS NULL AND next_poll_at <= now() AND poller_id = $1`,
      [this.identity.id],
    );
    await this.pool.query('DELETE FROM video_watches WHERE process_id = $1', [this.identity.id]);
  }

  async watch(watches: readonly Watch[], validMs: number): Promise<void> {
    await this.pool.query({
      name: 'watch_videos',
      text: `
WITH wanted AS (SELECT * FROM unnest($2::text[], $3::int[]) AS w (id, interval_ms)),
watching AS (
  INSERT INTO video_watches (video_id, process_id, interval_ms, expires_at)
  SELECT w.id, $1, w.interval_ms, now() + make_interval(secs => $4 / 1000.0) FROM wanted w ORDER BY w.id
  ON CONFLICT (video_id, process_id) DO UPDATE SET interval_ms = excluded.interval_ms, expires_at = excluded.expires_at),
late AS (
  SELECT v.id, w.interval_ms FROM videos v JOIN wanted w ON w.id = v.id WHERE ${later('w.interval_ms')}
  ORDER BY v.id FOR UPDATE OF v)
UPDATE videos v SET next_poll_at = ${soonest('l.interval_ms')}, quiet_polls = 0
FROM late l WHERE v.id = l.id AND ${later('l.interval_ms')}`,
      values: [
        this.identity.id,
        watches.map(({ videoId }) => videoId),
        watches.map(({ intervalMs }) => intervalMs),
        validMs,
      ],
    });
  }

  async unwatch(videoIds: readonly string[]): Promise<void> {
    await this.pool.query('DELETE FROM video_watches WHERE process_id = $1 AND video_id = ANY ($2)', [
      this.identity.id,
      videoIds,
    ]);
  }

  async forgetWatches(): Promise<void> {
    await this.pool.query(`DELETE FROM video_watches WHERE expires_at < now() - interval '1 minute'`);
  }

  async look(videoIds: readonly string[]): Promise<readonly VideoProgress[]> {
    const { rows } = await this.pool.query<ProgressRow>({
      name: 'look_at_videos',
      text: `SELECT ${PROGRESS_COLUMNS} FROM ${WITH_RECEIPT} WHERE v.id = ANY ($1) AND v.deleted_at IS NULL`,
      values: [videoIds],
    });
    return rows.map(progressOf);
  }

  async hasten(id: string, intervalMs: number): Promise<boolean> {
    const { rowCount } = await this.pool.query({
      name: 'hasten_poll',
      text: `UPDATE videos v SET next_poll_at = ${soonest('$2::int')}
             WHERE v.id = $1 AND ${later('$2::int')}`,
      values: [id, intervalMs],
    });
    return rowCount === 1;
  }
}

/** A condition on a row `v`: its next poll is later than this interval allows, and its provider is not failing. */
function later(intervalMs: string): string {
  return `v.finished_at IS NULL AND v.failed_polls = 0 AND v.next_poll_at > ${soonest(intervalMs)}`;
}

/** The time that is `intervalMs` after the last poll of a row `v`, and not before now. */
function soonest(intervalMs: string): string {
  return `greatest(now(), coalesce(v.polled_at, v.created_at) + make_interval(secs => ${intervalMs} / 1000.0))`;
}
