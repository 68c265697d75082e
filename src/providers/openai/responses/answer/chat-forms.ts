import { isJsonObject, type JsonObject, type JsonValue } from '../../../../base/json.js';
import { objectsIn } from '../../../../base/json-fields.js';

/** Probabilities as the events have them; undefined for none. */
export function chatLogprobs(logprobs: JsonValue | undefined): JsonValue | undefined {
  const entries = objectsIn(logprobs);
  if (entries.length === 0) return undefined;
  const content = entries.map((entry) => ({
    ...withBytes(entry),
    top_logprobs: objectsIn(entry['top_logprobs']).map(withBytes),
  }));
  return { content, refusal: null };
}

function withBytes(entry: JsonObject): JsonObject {
  return { ...entry, bytes: entry['bytes'] ?? null };
}

/** The chat wire nests a citation of the web below its type. */
export function chatAnnotation(annotation: JsonObject): JsonObject {
  const { type, ...citation } = annotation;
  return type === 'url_citation' && !isJsonObject(annotation['url_citation'])
    ? { type, url_citation: citation }
    : annotation;
}
