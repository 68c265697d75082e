import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import type { Embeddings } from '../../embedding/embedding-provider.js';
import { countOf, type EmbeddingRequest } from '../../embedding/embedding-request.js';
import { readVectors } from '../../embedding/read-vectors.js';
import { toldTokens } from '../../embedding/told-tokens.js';
import { malformed } from '../../http/malformed.js';

/** The embeddings of an answer. @throws UpstreamFailure for anything but one for each input */
export function convertAnswer(
  { data, usage }: JsonObject,
  { input, format }: Pick<EmbeddingRequest, 'input' | 'format'>,
): Embeddings {
  if (!Array.isArray(data)) throw malformed('JSON that is no list of embeddings');
  const listed = (data as readonly JsonValue[]).map((entry) =>
    isJsonObject(entry) ? { index: entry['index'], value: entry['embedding'] } : { value: undefined },
  );
  return {
    vectors: readVectors(listed, countOf(input), format),
    // Voyage AI tells the total alone.
    inputTokens: toldTokens(usage, 'prompt_tokens', 'input_tokens', 'total_tokens'),
  };
}
