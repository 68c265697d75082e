import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ListedVector } from '../embedding/read-vectors.js';
import { toldTokens } from '../embedding/told-tokens.js';
import type { EmbeddingRequest } from '../embedding/embedding-request.js';
import { malformed } from '../http/malformed.js';

/** Fields that the gateway decides about; `pass_fields` does not apply to them. */
const OWN: ReadonlySet<string> = new Set([
  'model',
  'content',
  'outputDimensionality',
  'input',
  'encoding_format',
  'dimensions',
  'user',
  'stream',
]);

/** The body of `batchEmbedContents`. @param passFields names of fields of each request, such as `taskType` */
export function convertBatch(
  texts: readonly string[],
  { body, dimensions }: Pick<EmbeddingRequest, 'body' | 'dimensions'>,
  upstreamModel: string,
  passFields: readonly string[],
): JsonObject {
  const passed = passFields.filter((field) => !OWN.has(field) && Object.hasOwn(body, field));
  const common = {
    ...Object.fromEntries(passed.map((field) => [field, body[field]])),
    model: upstreamModel.includes('/') ? upstreamModel : `models/${upstreamModel}`,
    ...(dimensions !== undefined && { outputDimensionality: dimensions }),
  };
  return { requests: texts.map((text) => ({ ...common, content: { parts: [{ text }] } })) };
}

export interface ConvertedBatch {
  readonly listed: readonly ListedVector[];
  readonly inputTokens: number | undefined;
}

/** @throws UpstreamFailure for anything but a list */
export function convertBatchAnswer({ embeddings, usageMetadata }: JsonObject): ConvertedBatch {
  if (!Array.isArray(embeddings)) throw malformed('JSON that is no list of embeddings');
  return {
    listed: (embeddings as readonly JsonValue[]).map((entry) => ({
      value: isJsonObject(entry) ? entry['values'] : undefined,
    })),
    inputTokens: toldTokens(usageMetadata, 'promptTokenCount'),
  };
}
