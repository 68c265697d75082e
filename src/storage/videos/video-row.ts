import type { WorkTerms } from '../../base/money/price.js';
import type { JsonObject } from '../../base/json.js';
import type {
  UpstreamJob,
  VideoError,
  VideoJob,
  VideoParameters,
  VideoProgress,
  VideoShape,
} from '../../videos/domain/video-job.js';
import type { VideoStatus } from '../../videos/domain/video-status.js';
import { RECEIPT_COLUMNS, storedReceipt, type ReceiptRow } from '../responses/stored-receipt.js';

/** Columns of a row `v` of videos, with its receipt, if any, as `t`. */
export const PROGRESS_COLUMNS = `v.id, v.account_id, v.status, v.progress, v.error, v.finished_at, v.expires_at,
  ${RECEIPT_COLUMNS}`;

export const SHOWN_COLUMNS = `${PROGRESS_COLUMNS}, v.shape, v.model, v.request, v.remixed_from, v.created_at`;

export const WITH_RECEIPT = `videos v LEFT JOIN receipts t ON t.hold_id = v.hold_id`;

/** Columns of a row `v` of videos, with its key as `k`. */
export const UPSTREAM_COLUMNS = `v.id, v.account_id, v.request_id AS video_request_id, v.status, v.progress,
  v.terms, v.provider, v.upstream_model, v.upstream_key, v.upstream_id, v.content, v.created_at, k.chain_id,
  CASE WHEN k.wallet IS NOT NULL THEN (
    SELECT json_build_object('authorised', p.authorised::text, 'transactionHash', p.transaction_hash)
    FROM x402_payments p WHERE p.hold_id = v.hold_id) END AS payment`;

/** The status of a row `v` that has not ended: it does not go back, however late an earlier status arrives. */
export function laterStatus(told: string): string {
  return `CASE v.status WHEN 'processing' THEN v.status ELSE ${told} END`;
}

interface CommonRow {
  readonly id: string;
  readonly account_id: string;
  readonly status: VideoStatus;
  readonly progress: number;
}

export interface ProgressRow extends CommonRow, ReceiptRow {
  readonly account_id: string;
  readonly error: VideoError | null;
  readonly finished_at: Date | null;
  readonly expires_at: Date | null;
}

export interface ShownRow extends ProgressRow {
  readonly model: string;
  readonly shape: VideoShape;
  readonly request: VideoParameters;
  readonly remixed_from: string | null;
  readonly created_at: Date;
}

export interface UpstreamRow extends CommonRow {
  readonly video_request_id: string;
  readonly terms: WorkTerms;
  readonly provider: string;
  readonly upstream_model: string;
  readonly upstream_key: string | null;
  readonly upstream_id: string | null;
  readonly content: JsonObject | null;
  readonly created_at: Date;
  readonly chain_id: number | null;
  readonly payment: { readonly authorised: string; readonly transactionHash: string | null } | null;
}

export function shownJob(row: ShownRow): VideoJob {
  return {
    ...progressOf(row),
    shape: row.shape,
    model: row.model,
    parameters: row.request,
    remixedFrom: row.remixed_from ?? undefined,
    createdAtMs: row.created_at.getTime(),
  };
}

export function progressOf(row: ProgressRow): VideoProgress {
  return {
    id: row.id,
    status: row.status,
    progress: row.progress,
    error: row.error ?? undefined,
    finishedAtMs: row.finished_at?.getTime(),
    expiresAtMs: row.expires_at?.getTime(),
    receipt: storedReceipt(row, row.id),
  };
}

export function upstreamJob(row: UpstreamRow): UpstreamJob {
  return {
    id: row.id,
    accountId: row.account_id,
    requestId: row.video_request_id,
    status: row.status,
    progress: row.progress,
    provider: row.provider,
    upstreamModel: row.upstream_model,
    upstreamKey: row.upstream_key ?? undefined,
    upstreamId: row.upstream_id ?? undefined,
    content: row.content ?? undefined,
    terms: row.terms,
    payment: row.payment
      ? {
          authorised: BigInt(row.payment.authorised),
          transactionHash: row.payment.transactionHash ?? undefined,
        }
      : undefined,
    keyChainId: row.chain_id,
    createdAtMs: row.created_at.getTime(),
  };
}
