import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../../base/json.js';
import { object } from '../../base/shape/schema-parts.js';
import { checkerOf } from '../../base/shape/checker.js';
import { metadataSchema } from '../responses-request-schema.js';
import { parseItems } from '../responses-request.js';

const MAX_ITEMS = 20;

const checkMetadata = checkerOf(object({}, { metadata: metadataSchema }));

export interface NewConversation {
  readonly metadata: JsonObject;
  readonly items: readonly JsonObject[];
}

/** @throws GatewayError 400 with the path of the field that is wrong */
export function parseNewConversation(body: JsonObject): NewConversation {
  const items = body['items'] ?? [];
  return { metadata: metadataIn(body), items: parseNewItems(items) };
}

/** Null, which SDKs send, empties the metadata. @throws GatewayError 400 */
export function parseMetadata(body: JsonObject): JsonObject {
  if (body['metadata'] === undefined)
    throw new GatewayError('missing_required_parameter', 'Missing required parameter: `metadata`.', {
      param: 'metadata',
    });
  return metadataIn(body);
}

/** At most 20 items, by the rules of `input`. @throws GatewayError 400 with a path such as `items[2].content` */
export function parseNewItems(items: JsonValue | undefined): readonly JsonObject[] {
  if (Array.isArray(items) && items.length > MAX_ITEMS)
    throw new GatewayError('invalid_value', `\`items\` must have at most ${MAX_ITEMS} items.`, {
      param: 'items',
    });
  return parseItems(items);
}

function metadataIn(body: JsonObject): JsonObject {
  const { metadata } = body;
  checkMetadata({ metadata });
  return (metadata ?? {}) as JsonObject;
}
