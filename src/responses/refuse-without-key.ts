import { GatewayError } from '../base/errors/gateway-error.js';
import { isJsonObject } from '../base/json.js';
import type { Buyer } from '../http/buyer.js';
import type { ResponsesRequest } from './responses-request.js';

/** Items that belong to an account. */
const OWNED = new Set<unknown>(['item_reference', 'compaction']);

/**
 * What a wallet can be sold: nothing that runs after the answer, and what belongs to an account only once the wallet has
 * named itself.
 * @throws GatewayError unsupported_parameter
 */
export function refuseWithoutKey(
  { background, previousResponseId, conversationId, body }: ResponsesRequest,
  { wallet }: Buyer,
): void {
  const refuse = (param: string, message: string): never => {
    throw new GatewayError('unsupported_parameter', message, { param });
  };
  if (background) refuse('background', 'A background response needs an API key.');
  if (wallet) return;
  const message = 'Send the access token of the wallet that owns it, as `Authorization: Bearer …`.';
  if (previousResponseId !== undefined) refuse('previous_response_id', message);
  if (conversationId !== undefined) refuse('conversation', message);
  const items = Array.isArray(body['input']) ? body['input'] : [];
  if (items.some((item) => isJsonObject(item) && OWNED.has(item['type']))) refuse('input', message);
}
