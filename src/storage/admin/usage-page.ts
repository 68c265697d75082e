import type { Pool } from 'pg';
import type { RecordFilter, RecordPage, RecordPageRequest, UsageRow } from '../../admin/record-store.js';
import { Conditions } from './conditions.js';
import { beyond, type FilterColumns, narrowed, pageOf } from './pages.js';

const DAY_MS = 86_400_000;
/** Of a view or table with one row for each day, key, provider, model and status. */
const DAYS: FilterColumns = {
  time: 'day',
  status: 'settlement_status',
  moment: `(?::timestamptz AT TIME ZONE 'UTC')::date`,
};
/** Of receipts, where a filter begins or ends within the day. */
const TIMES: FilterColumns = { time: 'settled_at', status: 'settlement_status' };

/** An id begins with its day, so that the order of ids is that of days. */
const ID = `concat_ws('/', day, account, key_id, settlement_status, provider, model) COLLATE "C"`;

const GROUP = 'day, account, key_id, provider, model, settlement_status';

const WHOLE_DAY = `
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

/** Goes from day to day until the page is full: a page needs few of them. */
export async function usagePage(
  pool: Pool,
  { limit, order, after, filter }: RecordPageRequest,
): Promise<RecordPage<UsageRow> | undefined> {
  const lastDay = after === undefined ? undefined : dayOfId(after);
  if (after !== undefined && lastDay === undefined) return undefined;
  const rows: UsageRow[] = [];
  let left = lastDay === undefined ? filter : without(filter, order, lastDay - step(order));
  while (rows.length <= limit) {
    const day = await nextDay(pool, order, left);
    if (day === undefined) break;
    const ofDay = within(left, day, day + DAY_MS);
    rows.push(...(await usageOf(pool, { order, after, filter: ofDay, limit: limit + 1 - rows.length })));
    left = without(left, order, day);
  }
  return pageOf(rows, limit);
}

/** @param request whose filter begins and ends on one day */
async function usageOf(
  pool: Pool,
  { limit, order, after, filter }: RecordPageRequest,
): Promise<readonly UsageRow[]> {
  const isWhole = isMidnight(filter.from) && isMidnight(filter.before);
  const conditions = isWhole ? narrowed(daysOf(filter), DAYS) : narrowed(filter, TIMES);
  const place = new Conditions(conditions.values);
  place.add(`id ${beyond(order)} ?`, after);
  const { rows } = await pool.query<UsageRow>(
    `SELECT * FROM (
       ${isWhole ? WHOLE_DAY : PART_OF_DAY} ${conditions.where} ${isWhole ? '' : `GROUP BY ${GROUP}`}) AS u
     ${place.where} ORDER BY id ${order} LIMIT ${limit}`,
    place.values,
  );
  return rows;
}

/** The beginning of the next day that has usage, or of which the filter shows a part, in milliseconds. */
async function nextDay(pool: Pool, order: 'asc' | 'desc', filter: RecordFilter): Promise<number | undefined> {
  const { where, values } = narrowed(daysOf(filter), DAYS);
  const first = `ORDER BY day ${order} LIMIT 1`;
  const { rows } = await pool.query<{ day: string }>(
    `SELECT day::text FROM (
       (SELECT day FROM (SELECT day, account_id AS account, key_id, model, settlement_status FROM usage_days) AS d
        ${where} ${first})
       UNION ALL (SELECT day FROM usage_recent ${where} ${first})) AS d
     ${first}`,
    values,
  );
  const day = rows[0]?.day;
  return day === undefined ? undefined : Date.parse(day);
}

/** The same filter, to be compared with days: it ends with the day that has the last millisecond before its end. */
function daysOf(filter: RecordFilter): RecordFilter {
  return { ...filter, before: filter.before && new Date(filter.before.getTime() - 1 + DAY_MS) };
}

const isMidnight = (time: Date | undefined): boolean => time !== undefined && time.getTime() % DAY_MS === 0;

function dayOfId(id: string): number | undefined {
  const day = ID_FORM.test(id) ? Date.parse(id.slice(0, 10)) : Number.NaN;
  return Number.isNaN(day) ? undefined : day;
}

function step(order: 'asc' | 'desc'): number {
  return order === 'asc' ? DAY_MS : -DAY_MS;
}

/** Narrows the filter to what comes after a day, in this order. */
function without(filter: RecordFilter, order: 'asc' | 'desc', day: number): RecordFilter {
  return order === 'asc' ? within(filter, day + DAY_MS, undefined) : within(filter, undefined, day);
}

function within(filter: RecordFilter, from: number | undefined, before: number | undefined): RecordFilter {
  const { from: earliest, before: latest } = filter;
  return {
    ...filter,
    from: from === undefined ? earliest : new Date(Math.max(from, earliest?.getTime() ?? from)),
    before: before === undefined ? latest : new Date(Math.min(before, latest?.getTime() ?? before)),
  };
}
