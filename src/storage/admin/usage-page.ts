import type { Pool } from 'pg';
import type { RecordFilter, RecordPage, RecordPageRequest, UsageRow } from '../../admin/record-store.js';
import { Conditions } from './conditions.js';
import { beyond, narrowed, pageOf } from './pages.js';

const DAY_MS = 86_400_000;
const COLUMNS = { time: 'settled_at', status: 'settlement_status' };

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

/** Sums day by day until the page is full: a sum over all receipts would take long, and a page needs few days. */
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
    rows.push(...(await sums(pool, { order, after, filter: ofDay, limit: limit + 1 - rows.length })));
    left = without(left, order, day);
  }
  return pageOf(rows, limit);
}

async function sums(pool: Pool, { limit, order, after, filter }: RecordPageRequest): Promise<UsageRow[]> {
  const conditions = narrowed(filter, COLUMNS);
  const place = new Conditions(conditions.values);
  place.add(`id ${beyond(order)} ?`, after);
  const { rows } = await pool.query<UsageRow>(
    `SELECT * FROM (
       ${USAGE} ${conditions.where} GROUP BY day, account, key_id, provider, model, settlement_status) AS u
     ${place.where} ORDER BY id ${order} LIMIT ${limit}`,
    place.values,
  );
  return rows;
}

/** The beginning of the next day with a receipt, in milliseconds. */
async function nextDay(pool: Pool, order: 'asc' | 'desc', filter: RecordFilter): Promise<number | undefined> {
  const { where, values } = narrowed(filter, COLUMNS);
  const { rows } = await pool.query<{ settled_at: Date }>(
    `SELECT settled_at FROM admin.receipts ${where} ORDER BY settled_at ${order} LIMIT 1`,
    values,
  );
  const time = rows[0]?.settled_at.getTime();
  return time === undefined ? undefined : time - (time % DAY_MS);
}

function dayOfId(id: string): number | undefined {
  const day = USAGE_ID.test(id) ? Date.parse(id.slice(0, 10)) : Number.NaN;
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
