import { isJsonObject, type JsonObject } from '../../base/json.js';
import { exceedsDepth } from './json-depth.js';
import { malformed } from './malformed.js';

/** Deeper than any real answer; deeper JSON can be parsed, but neither written nor stored. */
const MAX_DEPTH = 256;

/** @throws UpstreamFailure for text that is not one JSON object, or is nested too deeply. */
export function parseObject(text: string): JsonObject {
  return objectIn(parse(text));
}

/** The objects of a list; one object is a list of itself. @throws UpstreamFailure for anything else. */
export function parseObjects(text: string): readonly JsonObject[] {
  const value = parse(text);
  return Array.isArray(value) ? (value as readonly unknown[]).map(objectIn) : [objectIn(value)];
}

function parse(text: string): unknown {
  if (exceedsDepth(text, MAX_DEPTH)) throw malformed('JSON that is nested too deeply');
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('text that is not JSON');
  }
}

function objectIn(value: unknown): JsonObject {
  if (!isJsonObject(value)) throw malformed('JSON that is not an object');
  return value;
}
