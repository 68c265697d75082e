import { GatewayError } from '../base/errors/gateway-error.js';
import type { JsonObject, JsonValue } from '../base/json.js';
import { checkerOf } from '../base/shape/checker.js';
import { withoutNulls } from '../base/shape/without-nulls.js';
import type { EmbeddingInput } from '../providers/embedding/embedding-request.js';
import type { VectorFormat } from '../providers/embedding/vector.js';
import { embeddingsRequestSchema, MAX_INPUTS } from './embeddings-request-schema.js';

/** One request for embeddings, checked for shape. */
export interface EmbeddingsRequest {
  /** Public id as it was sent, options of a sandbox id included. */
  readonly model: string;
  readonly input: EmbeddingInput;
  readonly format: VectorFormat;
  readonly dimensions: number | undefined;
  /** The body as the client sent it, without the optional fields that were null. */
  readonly body: JsonObject;
}

const checkShape = checkerOf(embeddingsRequestSchema);

/** @throws GatewayError 400 with the path of the field that is wrong */
export function parseEmbeddingsRequest(sent: JsonObject): EmbeddingsRequest {
  checkShape(sent);
  const body = withoutNulls(sent);
  const { model, dimensions } = body;
  return {
    model: typeof model === 'string' ? model : '',
    input: readInput(body['input']),
    format: body['encoding_format'] === 'base64' ? 'base64' : 'float',
    dimensions: typeof dimensions === 'number' ? dimensions : undefined,
    body,
  };
}

function readInput(input: JsonValue | undefined): EmbeddingInput {
  if (typeof input === 'string') return { texts: [input] };
  const items = Array.isArray(input) ? (input as readonly JsonValue[]) : [];
  if (items.every(isToken)) return { tokens: [items] };
  if (items.length > MAX_INPUTS) throw invalid('input', `must have at most ${MAX_INPUTS} items`);
  if (items.every(isText)) return { texts: items };
  const other = items.findIndex((item) => kindOf(item) !== kindOf(items[0]));
  if (other !== -1) throw invalid(`input[${other}]`, 'must be of the same kind as the items before it');
  return { tokens: items as readonly (readonly number[])[] };
}

function isToken(item: JsonValue): item is number {
  return typeof item === 'number';
}

function isText(item: JsonValue): item is string {
  return typeof item === 'string';
}

/** After the check of the shape there are three. */
function kindOf(item: JsonValue | undefined): string {
  return typeof item;
}

function invalid(param: string, what: string): GatewayError {
  return new GatewayError('invalid_value', `\`${param}\` ${what}.`, { param });
}
