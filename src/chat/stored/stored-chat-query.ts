import { metadataSchema } from '../chat-request-schema.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import { parsePage, textIn, wrongQuery, type PageRequest, type Query } from '../../base/shape/page-query.js';
import { object } from '../../base/shape/schema-parts.js';
import { checkerOf } from '../../base/shape/checker.js';
import type { CompletionPageRequest, Metadata } from './chat-completion-store.js';

const METADATA_KEY = /^metadata\[([^]*)\]$/;

const checkMetadata = checkerOf(object({}, { metadata: metadataSchema }));

/** Oldest first, unless the query says otherwise. @throws GatewayError 400 */
export function parseStoredPage(query: Query): PageRequest {
  return parsePage(query, 'asc');
}

/** A page, filtered by `model` and `metadata[key]=value`. @throws GatewayError 400 */
export function parseCompletionPage(query: Query): CompletionPageRequest {
  const metadata = Object.keys(query).flatMap((name) => {
    const [, key] = METADATA_KEY.exec(name) ?? [];
    return key === undefined ? [] : [[key, filterValue(query[name], name)] as const];
  });
  return { ...parseStoredPage(query), model: textIn(query, 'model'), metadata };
}

/** Metadata is all that can change in a stored completion; null empties it. @throws GatewayError 400 */
export function parseMetadata({ metadata }: JsonObject): Metadata {
  if (metadata === undefined)
    throw new GatewayError('missing_required_parameter', 'Missing required parameter: `metadata`.', {
      param: 'metadata',
    });
  checkMetadata({ metadata });
  return (metadata ?? {}) as Metadata;
}

function filterValue(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrongQuery(name, 'must be given once');
  return value;
}
