import { isJsonObject, type JsonObject } from '../../json.js';
import { malformed } from './malformed.js';

/** @throws UpstreamFailure for text that is not one JSON object. */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('text that is not JSON');
  }
  if (!isJsonObject(value)) throw malformed('JSON that is not an object');
  return value;
}
