import { Ajv } from 'ajv';
import { metadataSchema } from '../chat-request-schema.js';
import { GatewayError } from '../../errors/gateway-error.js';
import type { JsonObject } from '../../json.js';
import { object } from '../../shape/schema-parts.js';
import { shapeError } from '../../shape/shape-error.js';
import type { CompletionPageRequest, Metadata, PageRequest } from './chat-completion-store.js';

export type Query = Readonly<Record<string, unknown>>;

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
const METADATA_KEY = /^metadata\[([^]*)\]$/;

const ajv = new Ajv({ allowUnionTypes: true, verbose: true, strictRequired: false });
const matchesMetadata = ajv.compile<JsonObject>(object({}, { metadata: metadataSchema }));

/** `limit` 1..100 (20), `order` asc or desc (asc), `after` an id. @throws GatewayError 400 */
export function parsePage(query: Query): PageRequest {
  const order = textIn(query, 'order') ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw wrong('order', 'must be `asc` or `desc`');
  const limit = textIn(query, 'limit') ?? String(DEFAULT_LIMIT);
  const count = /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > MAX_LIMIT)
    throw wrong('limit', `must be a whole number between 1 and ${MAX_LIMIT}`);
  return { order, limit: count, after: textIn(query, 'after') };
}

/** A page, filtered by `model` and `metadata[key]=value`. @throws GatewayError 400 */
export function parseCompletionPage(query: Query): CompletionPageRequest {
  const metadata = Object.keys(query).flatMap((name) => {
    const [, key] = METADATA_KEY.exec(name) ?? [];
    return key === undefined ? [] : [[key, filterValue(query[name], name)] as const];
  });
  return { ...parsePage(query), model: textIn(query, 'model'), metadata };
}

/** The only change that a stored completion knows; null empties it. @throws GatewayError 400 */
export function parseMetadata({ metadata }: JsonObject): Metadata {
  if (metadata === undefined)
    throw new GatewayError('missing_required_parameter', 'Missing required parameter: `metadata`.', {
      param: 'metadata',
    });
  if (!matchesMetadata({ metadata })) {
    const [first] = matchesMetadata.errors ?? [];
    throw first ? shapeError(first) : new TypeError('a failed check without an error');
  }
  return (metadata ?? {}) as Metadata;
}

function filterValue(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrong(name, 'must be given once');
  return value;
}

/** An empty value is the same as none. */
function textIn(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw wrong(name, 'must be given once');
  return value;
}

function wrong(param: string, what: string): GatewayError {
  return new GatewayError('invalid_value', `\`${param}\` ${what}.`, { param });
}
