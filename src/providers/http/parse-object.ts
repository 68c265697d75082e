import { isJsonObject, type JsonObject } from '../../base/json.js';
import { exceedsDepth } from './json-depth.js';
import { malformed } from './malformed.js';

/** Deeper than any real answer; deeper JSON can be parsed, but neither written nor stored. */
const MAX_DEPTH = 256;

/** @throws UpstreamFailure for text that is not one JSON object, or is nested too deeply. */
export function parseObject(text: string): JsonObject {
  if (exceedsDepth(text, MAX_DEPTH)) throw malformed('JSON that is nested too deeply');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('text that is not JSON');
  }
  if (!isJsonObject(value)) throw malformed('JSON that is not an object');
  return value;
}
