import type { JsonObject, JsonValue } from '../../../base/json.js';
import type { Target } from '../../../catalog/model.js';
import type { Profile } from '../../../catalog/profile.js';
import type { EmbeddingRequest } from '../../embedding/embedding-request.js';
import { hashed } from '../../hashed.js';
import { isOmitted } from '../convert-request.js';

/** Fields that the gateway decides about; `pass_fields` does not apply to them. */
const OWN: ReadonlySet<string> = new Set([
  'model',
  'input',
  'encoding_format',
  'dimensions',
  'user',
  'stream',
]);

/**
 * The body for the upstream. Floats are asked for by saying nothing: they are what every service sends then, and
 * Voyage AI refuses the word (https://docs.voyageai.com/reference/embeddings-api).
 *
 * @param profile what the target accepts, as far as it is known
 */
export function convertRequest(
  { account, body: sent, dimensions, format }: EmbeddingRequest,
  { provider, upstreamModel }: Target,
  profile: Profile,
): JsonObject {
  const body: Record<string, JsonValue> = { model: upstreamModel, input: sent['input'] ?? '' };
  const put = (field: string, value: JsonValue | undefined): void => {
    if (value !== undefined && value !== null && !isOmitted(profile, field, value)) body[field] = value;
  };
  put('dimensions', dimensions);
  if (format === 'base64') put('encoding_format', format);
  const { user } = sent;
  if (typeof user === 'string' && user !== '') put('user', hashed(account, user));
  for (const field of provider.passFields) {
    if (!OWN.has(field) && field !== '__proto__' && Object.hasOwn(sent, field)) put(field, sent[field]);
  }
  return body;
}
