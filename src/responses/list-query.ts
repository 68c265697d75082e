import { GatewayError } from '../base/errors/gateway-error.js';
import type { ItemPageRequest } from './response-store.js';

export type Query = Readonly<Record<string, unknown>>;

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `limit` 1..100 (20), `order` asc or desc (desc), `after` an item's id. @throws GatewayError 400 */
export function parseItemQuery(query: Query): ItemPageRequest {
  const order = query['order'] ?? 'desc';
  if (order !== 'asc' && order !== 'desc')
    throw new GatewayError('invalid_value', '`order` must be `asc` or `desc`.', { param: 'order' });
  const limit = wholeNumber(query['limit'], 'limit') ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MAX_LIMIT)
    throw new GatewayError('invalid_value', `\`limit\` must be between 1 and ${MAX_LIMIT}.`, {
      param: 'limit',
    });
  return { limit, order, after: oneText(query['after'], 'after') };
}

export interface StreamQuery {
  readonly stream: boolean;
  /** The client has the events up to this number. */
  readonly startingAfter: number | undefined;
}

/** @throws GatewayError 400 */
export function parseStreamQuery(query: Query): StreamQuery {
  const stream = query['stream'] ?? 'false';
  if (stream !== 'true' && stream !== 'false')
    throw new GatewayError('invalid_value', '`stream` must be `true` or `false`.', { param: 'stream' });
  return { stream: stream === 'true', startingAfter: wholeNumber(query['starting_after'], 'starting_after') };
}

/** An empty value is the same as none. */
function oneText(value: unknown, param: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new GatewayError('invalid_value', `\`${param}\` must be given once.`, { param });
}

function wholeNumber(value: unknown, param: string): number | undefined {
  if (value === undefined || value === '') return undefined;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  if (number === undefined)
    throw new GatewayError('invalid_value', `\`${param}\` must be a whole number.`, { param });
  return number;
}
