import type { Pool } from 'pg';
import type { RecordPage, RecordPageRequest, UsageRow } from '../../admin/record-store.js';
import { Conditions } from './conditions.js';
import { DAY_MS, DAYS, dayByDay, daysOf, without } from './day-by-day.js';
import { beyond, type FilterColumns, isOfAgent, narrowed, pageOf } from './pages.js';

/** Of receipts, where a filter begins or ends within the day. */
const TIMES: FilterColumns = { time: 'settled_at', status: 'settlement_status' };

/** An id begins with its day, so that the order of ids is that of days. */
const ID = `concat_ws('/', day, account, key_id, settlement_status, provider, model) COLLATE "C"`;

const GROUP = 'day, account, key_id, provider, model, settlement_status';

/** Days whose rows are sorted for one page, where they are few. */
const WIDEST = 64;

const WHOLE_DAYS = `
  SELECT ${ID} AS id, day::text, account, key_id, provider, model, settlement_status, calls::float8,
    estimated_calls::float8, input_tokens::float8, output_tokens::float8, provider_amount, platform_fee, overrun,
    final_amount
  FROM admin.usage_daily`;

const PART_OF_DAY = `
  SELECT ${ID} AS id, day::text, account, key_id, provider, model, settlement_status, sum(calls)::float8 AS calls,
    sum(estimated_calls)::float8 AS estimated_calls, sum(input_tokens)::float8 AS input_tokens,
    sum(output_tokens)::float8 AS output_tokens, sum(provider_amount)::bigint AS provider_amount,
    sum(platform_fee)::bigint AS platform_fee, sum(overrun)::bigint AS overrun, sum(final_amount)::bigint AS final_amount
  FROM receipt_usage`;

const ID_FORM = /^\d{4}-\d{2}-\d{2}\/[^/]+\/[^/]*\/[^/]+\/[^/]+\/./;

export async function usagePage(
  pool: Pool,
  { limit, order, after, filter }: RecordPageRequest,
): Promise<RecordPage<UsageRow> | undefined> {
  const lastDay = after === undefined ? undefined : dayOfId(after);
  if (after !== undefined && lastDay === undefined) return undefined;
  if (isOfAgent(filter)) {
    const ofAgent = await usageOf(pool, { order, after, filter, limit: limit + 1 });
    return pageOf(ofAgent, limit);
  }
  const left = lastDay === undefined ? filter : without(filter, order, lastDay - step(order));
  const rows = await dayByDay(pool, left, {
    order,
    most: limit + 1,
    widest: WIDEST,
    rowsOf: (ofDays, most) => usageOf(pool, { order, after, filter: ofDays, limit: most }),
  });
  return pageOf(rows, limit);
}

/** @param request whose filter has an agent, or whole days, or one day or a part of it */
async function usageOf(
  pool: Pool,
  { limit, order, after, filter }: RecordPageRequest,
): Promise<readonly UsageRow[]> {
  const isWhole = !isOfAgent(filter) && isMidnight(filter.from) && isMidnight(filter.before);
  const conditions = isWhole ? narrowed(daysOf(filter), DAYS) : narrowed(filter, TIMES);
  const place = new Conditions(conditions.values);
  place.add(`id ${beyond(order)} ?`, after);
  const { rows } = await pool.query<UsageRow>(
    `SELECT * FROM (
       ${isWhole ? WHOLE_DAYS : PART_OF_DAY} ${conditions.where} ${isWhole ? '' : `GROUP BY ${GROUP}`}) AS u
     ${place.where} ORDER BY id ${order} LIMIT ${limit}`,
    place.values,
  );
  return rows;
}

const isMidnight = (time: Date | undefined): boolean => time !== undefined && time.getTime() % DAY_MS === 0;

function dayOfId(id: string): number | undefined {
  const day = ID_FORM.test(id) ? Date.parse(id.slice(0, 10)) : Number.NaN;
  return Number.isNaN(day) ? undefined : day;
}

function step(order: 'asc' | 'desc'): number {
  return order === 'asc' ? DAY_MS : -DAY_MS;
}
