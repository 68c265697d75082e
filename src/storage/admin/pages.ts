import type { RecordFilter, RecordPage } from '../../admin/record-store.js';
import { Conditions } from './conditions.js';

export interface FilterColumns {
  readonly time: string;
  readonly status: string;
  /** What the time is compared with; `?` stands for that of the filter. */
  readonly moment?: string;
}

export function narrowed(filter: RecordFilter, { time, status, moment = '?' }: FilterColumns): Conditions {
  const conditions = new Conditions();
  conditions.add('account = ?', filter.account);
  conditions.add('key_id = ?', filter.keyId);
  conditions.add('model = ?', filter.model);
  conditions.add(`${status} = ?`, filter.status);
  conditions.add('session_id = ?', filter.sessionId);
  conditions.add('agent_id = ?', filter.agentId);
  conditions.add(`${time} >= ${moment}`, filter.from);
  conditions.add(`${time} < ${moment}`, filter.before);
  return conditions;
}

/** Whether only receipts can tell: usage is summed up over all sessions of a key. */
export function isOfAgent({ sessionId, agentId }: RecordFilter): boolean {
  return sessionId !== undefined || agentId !== undefined;
}

export function beyond(order: 'asc' | 'desc'): '>' | '<' {
  return order === 'asc' ? '>' : '<';
}

/** The query has asked for one row more than the page has. */
export function pageOf<Row>(rows: readonly Row[], limit: number): RecordPage<Row> {
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
}
