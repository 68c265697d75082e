import { GatewayError } from '../errors/gateway-error.js';

/** The fields of a query string; a repeated field is an array. */
export type Query = Readonly<Record<string, unknown>>;

export interface PageRequest {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Id of the last entry of the page before. */
  readonly after: string | undefined;
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `limit` 1..100 (20), `order` asc or desc, `after` an id. @throws GatewayError 400 */
export function parsePage(query: Query, defaultOrder: PageRequest['order']): PageRequest {
  const order = textIn(query, 'order') ?? defaultOrder;
  if (order !== 'asc' && order !== 'desc') throw wrongQuery('order', 'must be `asc` or `desc`');
  const limit = textIn(query, 'limit') ?? String(DEFAULT_LIMIT);
  const count = /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > MAX_LIMIT)
    throw wrongQuery('limit', `must be a whole number between 1 and ${MAX_LIMIT}`);
  return { order, limit: count, after: textIn(query, 'after') };
}

/** An empty value counts as absent. */
export function textIn(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw wrongQuery(name, 'must be given once');
  return value;
}

export function wrongQuery(param: string, what: string): GatewayError {
  return new GatewayError('invalid_value', `\`${param}\` ${what}.`, { param });
}
