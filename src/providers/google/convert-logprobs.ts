import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

/** Probabilities of tokens as on the chat wire; undefined where there are none. */
export function convertLogprobs(result: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(result)) return undefined;
  const chosen = objectsIn(result['chosenCandidates']);
  if (chosen.length === 0) return undefined;
  const alternatives = objectsIn(result['topCandidates']);
  return {
    content: chosen.map((candidate, step) => ({
      ...token(candidate),
      top_logprobs: objectsIn(alternatives[step]?.['candidates']).map(token),
    })),
    refusal: null,
  };
}

function token({ token: text, logProbability }: JsonObject): JsonObject {
  const shown = typeof text === 'string' ? text : '';
  return {
    token: shown,
    logprob: typeof logProbability === 'number' ? logProbability : 0,
    bytes: [...Buffer.from(shown)],
  };
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}
