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
import { Database } from '../database.js';
import { Conditions } from './conditions.js';

/** A view in which an id and a time say where a row stands. */
interface TimedView {
  readonly view: string;
  readonly id: string;
  readonly time: string;
  readonly status: string;
  readonly columns: string;
}

/** `float8` holds every count exactly, and pg reads it as a number. */
const RESPONSES: TimedView = {
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
    platform_fee, overrun, final_amount`,
};

/** The columns of admin.usage_daily; summed here, so that a filter may begin and end within a day. */
const USAGE = `
  SELECT concat_ws('/', day, account, coalesce(key_id, ''), settlement_status, provider, model) COLLATE "C" AS id, day,
    account, key_id, provider, model, settlement_status, count(*)::float8 AS calls,
    (count(*) FILTER (WHERE estimated))::float8 AS estimated_calls, sum(input_tokens)::float8 AS input_tokens,
    sum(output_tokens)::float8 AS output_tokens, sum(provider_amount)::bigint AS provider_amount,
    sum(platform_fee)::bigint AS platform_fee, sum(overrun)::bigint AS overrun, sum(final_amount)::bigint AS final_amount
  FROM (SELECT *, (settled_at AT TIME ZONE 'UTC')::date::text AS day FROM admin.receipts) AS r`;

/** An id of USAGE begins with its day, so that the order of ids is that of days. */
const USAGE_ID = /^\d{4}-\d{2}-\d{2}\/[^/]+\/[^/]*\/[^/]+\/[^/]+\/./;

@Injectable()
export class PostgresRecordStore extends RecordStore {
  private readonly pool: Pool;

  constructor({ pool }: Database) {
    super();
    this.pool = pool;
  }

  responses(request: RecordPageRequest): Promise<RecordPage<ResponseRow> | undefined> {
    return this.page<ResponseRow>(RESPONSES, request);
  }

  videos(request: RecordPageRequest): Promise<RecordPage<VideoRow> | undefined> {
    return this.page<VideoRow>(VIDEOS, request);
  }

  receipts(request: RecordPageRequest): Promise<RecordPage<ReceiptRow> | undefined> {
    return this.page<ReceiptRow>(RECEIPTS, request);
  }

  async usage({ limit, order, after, filter }: RecordPageRequest): Promise<RecordPage<UsageRow> | undefined> {
    if (after !== undefined && !USAGE_ID.test(after)) return undefined;
    const conditions = narrowed(RECEIPTS, filter);
    const place = new Conditions(conditions.values);
    place.add(`id ${beyond(order)} ?`, after);
    const { rows } = await this.pool.query<UsageRow>(
      `SELECT * FROM (
         ${USAGE} ${conditions.where} GROUP BY day, account, key_id, provider, model, settlement_status) AS u
       ${place.where} ORDER BY id ${order} LIMIT ${limit + 1}`,
      place.values,
    );
    return pageOf(rows, limit);
  }

  private async page<Row extends object>(
    list: TimedView,
    { limit, order, after, filter }: RecordPageRequest,
  ): Promise<RecordPage<Row> | undefined> {
    const { view, id, time, columns } = list;
    const conditions = narrowed(list, filter);
    if (after !== undefined) {
      const last = await this.pool.query<{ time: Date }>(
        `SELECT ${time} AS time FROM ${view} WHERE ${id} = $1`,
        [after],
      );
      if (!last.rows[0]) return undefined;
      conditions.add(`(${time}, ${id}) ${beyond(order)} (?, ?)`, last.rows[0].time, after);
    }
    const { rows } = await this.pool.query<Row>(
      `SELECT ${columns} FROM ${view} ${conditions.where}
       ORDER BY ${time} ${order}, ${id} ${order} LIMIT ${limit + 1}`,
      conditions.values,
    );
    return pageOf(rows, limit);
  }
}

function narrowed({ time, status }: TimedView, filter: RecordFilter): Conditions {
  const conditions = new Conditions();
  conditions.add('account = ?', filter.account);
  conditions.add('key_id = ?', filter.keyId);
  conditions.add('model = ?', filter.model);
  conditions.add(`${status} = ?`, filter.status);
  conditions.add(`${time} >= ?`, filter.from);
  conditions.add(`${time} < ?`, filter.before);
  return conditions;
}

function beyond(order: 'asc' | 'desc'): '>' | '<' {
  return order === 'asc' ? '>' : '<';
}

/** One more row than a page has was asked for. */
function pageOf<Row>(rows: readonly Row[], limit: number): RecordPage<Row> {
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
}
