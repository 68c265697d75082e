import type { Pool } from 'pg';
import type { RecordFilter } from '../../admin/record-store.js';
import { type FilterColumns, narrowed } from './pages.js';

export const DAY_MS = 86_400_000;
const GROWTH = 8;

/** Of a view or table with one row for each day, key, provider, model and status. */
export const DAYS: FilterColumns = {
  time: 'day',
  status: 'settlement_status',
  moment: `(?::timestamptz AT TIME ZONE 'UTC')::date`,
};

interface Days<Row> {
  readonly order: 'asc' | 'desc';
  /** Rows that are enough. */
  readonly most: number;
  /** Days that are asked for at once when the first ones had too few rows. */
  readonly widest: number;
  /** At most `most` rows of what the filter shows: several whole days, or one day or a part of it. */
  readonly rowsOf: (ofDays: RecordFilter, most: number) => Promise<readonly Row[]>;
}

/** Goes on from one day with usage to the next until there are enough rows: a page needs few days. */
export async function dayByDay<Row>(
  pool: Pool,
  filter: RecordFilter,
  { order, most, widest, rowsOf }: Days<Row>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let left = filter;
  for (let width = 1; rows.length < most; width = Math.min(width * GROWTH, widest)) {
    const day = await nextDay(pool, order, left);
    if (day === undefined) break;
    const [first, end] = order === 'asc' ? following(left, day, width) : preceding(left, day, width);
    rows.push(...(await rowsOf(within(left, first, end), most - rows.length)));
    left = without(left, order, order === 'asc' ? end - DAY_MS : first);
  }
  return rows;
}

/** This day and those after it, as long as all of them are whole: the first, and the end of the last. */
function following({ from, before }: RecordFilter, day: number, width: number): readonly [number, number] {
  const isWhole = from === undefined || from.getTime() <= day;
  const lastMidnight = before === undefined ? Infinity : Math.floor(before.getTime() / DAY_MS) * DAY_MS;
  const end = Math.min(day + (isWhole ? width : 1) * DAY_MS, lastMidnight);
  return [day, Math.max(end, day + DAY_MS)];
}

/** This day and those before it, as long as all of them are whole: the first, and the end of the last. */
function preceding({ from, before }: RecordFilter, day: number, width: number): readonly [number, number] {
  const end = day + DAY_MS;
  const isWhole = before === undefined || before.getTime() >= end;
  const firstMidnight = from === undefined ? -Infinity : Math.ceil(from.getTime() / DAY_MS) * DAY_MS;
  const first = Math.max(end - (isWhole ? width : 1) * DAY_MS, firstMidnight);
  return [Math.min(first, day), end];
}

/** The beginning of the next day that has usage, and of which the filter shows at least a part, in milliseconds. */
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
export function daysOf(filter: RecordFilter): RecordFilter {
  return { ...filter, before: filter.before && new Date(filter.before.getTime() - 1 + DAY_MS) };
}

/** Narrows the filter to what comes after a day, in this order. */
export function without(filter: RecordFilter, order: 'asc' | 'desc', day: number): RecordFilter {
  return order === 'asc' ? within(filter, day + DAY_MS, undefined) : within(filter, undefined, day);
}

/** @param from milliseconds, as `before`; undefined changes nothing */
export function within(
  filter: RecordFilter,
  from: number | undefined,
  before: number | undefined,
): RecordFilter {
  const { from: earliest, before: latest } = filter;
  return {
    ...filter,
    from: from === undefined ? earliest : new Date(Math.max(from, earliest?.getTime() ?? from)),
    before: before === undefined ? latest : new Date(Math.min(before, latest?.getTime() ?? before)),
  };
}
