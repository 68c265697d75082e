import { GatewayError } from '../base/errors/gateway-error.js';
import type { VideoPageRequest } from './video-store.js';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `limit` 1..100 (20), `order` asc or desc (desc), `after` a video's id. @throws GatewayError 400 */
export function parsePageQuery(query: Readonly<Record<string, unknown>>): VideoPageRequest {
  const { order = 'desc', limit = String(DEFAULT_LIMIT), after } = query;
  if (order !== 'asc' && order !== 'desc')
    throw new GatewayError('invalid_value', '`order` must be `asc` or `desc`.', { param: 'order' });
  const count = typeof limit === 'string' && /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > MAX_LIMIT)
    throw new GatewayError('invalid_value', `\`limit\` must be a whole number from 1 to ${MAX_LIMIT}.`, {
      param: 'limit',
    });
  return { limit: count, order, after: typeof after === 'string' && after !== '' ? after : undefined };
}
