import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

const NONE: readonly JsonValue[] = [];

/** The chat wire's `{content: [{token, logprob, bytes, top_logprobs}]}` as the array that a Responses text part has. */
export function convertLogprobs(logprobs: JsonValue | undefined): readonly JsonValue[] {
  if (!isJsonObject(logprobs) || !Array.isArray(logprobs.content)) return NONE;
  return (logprobs.content as readonly JsonValue[]).filter(isJsonObject).map((entry) => ({
    ...withBytes(entry),
    top_logprobs: Array.isArray(entry.top_logprobs)
      ? (entry.top_logprobs as readonly JsonValue[]).filter(isJsonObject).map(withBytes)
      : [],
  }));
}

/** `bytes` is null on the chat wire for a token without any; here it is always a list. */
function withBytes(entry: JsonObject): JsonObject {
  return { ...entry, bytes: entry.bytes ?? [] };
}

/** Chat nests a citation below its type; Responses has it flat. Other annotations are passed on as they are. */
export function convertAnnotation(annotation: JsonObject): JsonObject {
  const citation = annotation.url_citation;
  if (annotation.type !== 'url_citation' || !isJsonObject(citation)) return annotation;
  const { start_index = 0, end_index = 0, url = '', title = '' } = citation;
  return { type: 'url_citation', start_index, end_index, url, title };
}
