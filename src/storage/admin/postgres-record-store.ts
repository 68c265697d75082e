import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import {
  RecordStore,
  type ReceiptRow,
  type RecordFilter,
  type RecordPage,
  type RecordPageRequest,
  type ResponseRow,
  type UsageRow,
  type VideoRow,
} from '../../admin/record-store.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { Database } from '../database.js';
import { dayByDay, within } from './day-by-day.js';
import { beyond, isOfAgent, narrowed, pageOf } from './pages.js';
import { usagePage } from './usage-page.js';

/** PostgreSQL's error code for a statement that exceeded its time limit. */
const QUERY_CANCELED = '57014';

/** A view whose rows are ordered by a time and an id. */
interface TimedView {
  readonly view: string;
  readonly id: string;
  readonly time: string;
  readonly status: string;
  readonly columns: string;
}

/** `float8` holds every count exactly, and pg reads it as a number. */
export const RESPONSES: TimedView = {
  view: 'admin.responses',
  id: 'response_id',
  time: 'created_at',
  status: 'status',
  columns: `response_id AS id, account, key_id, request_id, model, status, background, streamed, chat_completion,
    previous_response_id, conversation_id, created_at, finished_at, last_used_at, cancel_requested_at, deleted_at,
    duration_ms::float8, items::float8, content_bytes::float8, final_amount`,
};

const VIDEOS: TimedView = {
  view: 'admin.video_jobs',
  id: 'video_id',
  time: 'created_at',
  status: 'status',
  columns: `video_id AS id, account, key_id, request_id, model, status, error_code, progress, provider, upstream_model,
    upstream_id, attempt, created_at, finished_at, expires_at, deleted_at, duration_ms::float8, polled_at, next_poll_at,
    failed_polls, failing_since, final_amount`,
};

const RECEIPTS: TimedView = {
  view: 'admin.receipts',
  id: 'receipt_id',
  time: 'settled_at',
  status: 'settlement_status',
  columns: `receipt_id AS id, settled_at, account, key_id, provider, model, request_id, response_id, network,
    settlement_status, tx_hash, estimated, input_tokens::float8, output_tokens::float8, provider_amount,
    platform_fee, overrun, final_amount, session_id, agent_id, parent_agent_id`,
};

@Injectable()
export class PostgresRecordStore extends RecordStore {
  protected readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  responses(request: RecordPageRequest): Promise<RecordPage<ResponseRow> | undefined> {
    return inTime(this.page<ResponseRow>(RESPONSES, request));
  }

  videos(request: RecordPageRequest): Promise<RecordPage<VideoRow> | undefined> {
    return inTime(this.page<VideoRow>(VIDEOS, request));
  }

  receipts(request: RecordPageRequest): Promise<RecordPage<ReceiptRow> | undefined> {
    const isGuided = request.filter.model !== undefined && !isOfAgent(request.filter);
    return inTime(isGuided ? this.receiptsOfModel(request) : this.page<ReceiptRow>(RECEIPTS, request));
  }

  usage(request: RecordPageRequest): Promise<RecordPage<UsageRow> | undefined> {
    return inTime(usagePage(this.pool, request));
  }

  /** No index has the models of receipts; usage says which days have some. */
  private async receiptsOfModel({
    limit,
    order,
    after,
    filter,
  }: RecordPageRequest): Promise<RecordPage<ReceiptRow> | undefined> {
    const last = after === undefined ? undefined : await this.timeOf(RECEIPTS, after);
    if (after !== undefined && last === undefined) return undefined;
    const left = last === undefined ? filter : from(last, order, filter);
    const rows = await dayByDay(this.pool, left, {
      order,
      most: limit + 1,
      widest: 1,
      rowsOf: async (ofDay, most) =>
        (await this.page<ReceiptRow>(RECEIPTS, { limit: most, order, after, filter: ofDay }))?.rows ?? [],
    });
    return pageOf(rows, limit);
  }

  protected async page<Row extends object>(
    list: TimedView,
    { limit, order, after, filter }: RecordPageRequest,
  ): Promise<RecordPage<Row> | undefined> {
    const { view, id, time, columns } = list;
    const conditions = narrowed(filter, list);
    if (after !== undefined) {
      const last = await this.timeOf(list, after);
      if (!last) return undefined;
      conditions.add(`(${time}, ${id}) ${beyond(order)} (?, ?)`, last, after);
    }
    const { rows } = await this.pool.query<Row>(
      `SELECT ${columns} FROM ${view} ${conditions.where}
       ORDER BY ${time} ${order}, ${id} ${order} LIMIT ${limit + 1}`,
      conditions.values,
    );
    return pageOf(rows, limit);
  }

  private async timeOf({ view, id, time }: TimedView, rowId: string): Promise<Date | undefined> {
    const { rows } = await this.pool.query<{ time: Date }>(
      `SELECT ${time} AS time FROM ${view} WHERE ${id} = $1`,
      [rowId],
    );
    return rows[0]?.time;
  }
}

/** Narrows the filter to this time and what comes after it, in this order. */
function from(time: Date, order: 'asc' | 'desc', filter: RecordFilter): RecordFilter {
  return order === 'asc'
    ? within(filter, time.getTime(), undefined)
    : within(filter, undefined, time.getTime() + 1);
}

/** @throws GatewayError 400 when the server has cancelled the query, since there is too much to read */
export async function inTime<Page>(page: Promise<Page>): Promise<Page> {
  try {
    return await page;
  } catch (failure) {
    if ((failure as { code?: unknown }).code !== QUERY_CANCELED) throw failure;
    throw new GatewayError(
      'invalid_value',
      'It takes too long to put this list together. Narrow it, best by a later `created_after`.',
      { param: 'created_after', cause: failure },
    );
  }
}
