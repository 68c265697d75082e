import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject } from '../base/json.js';
import {
  MAX_JSON_DEPTH,
  MAX_JSON_NAMES,
  MAX_JSON_VALUES,
  measureJson,
  type JsonExcess,
} from './json-bounds.js';

const BYTE_ORDER_MARK = 0xfeff;

/**
 * Refuses a body that would cost more than its size suggests, before it builds any value.
 *
 * @param onValues gets the number of values, before they are built
 * @throws GatewayError invalid_json
 */
export function parseJsonBody(bytes: Buffer, onValues?: (values: number) => void): JsonObject {
  if (bytes.length === 0)
    throw new GatewayError('invalid_json', 'The request body is empty; send a JSON object.');
  if (!isUtf8(bytes)) throw new GatewayError('invalid_json', 'The request body is not valid UTF-8.');
  const { values, excess } = measureJson(bytes);
  if (excess) throw new GatewayError('invalid_json', `The request body ${EXCESS[excess]}.`);
  onValues?.(values);
  const value = parse(bytes.toString('utf8'));
  if (!isJsonObject(value)) {
    throw new GatewayError('invalid_json', `The request body must be a JSON object, not ${nameOf(value)}.`);
  }
  return value;
}

const EXCESS: Record<JsonExcess, string> = {
  depth: `is nested too deeply; at most ${MAX_JSON_DEPTH} levels are accepted`,
  values: `has too many values; at most ${MAX_JSON_VALUES} are accepted`,
  names: `has too many different names; at most ${MAX_JSON_NAMES} are accepted`,
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch (cause) {
    // The parser's own message quotes the body, which may hold a prompt.
    throw new GatewayError('invalid_json', 'The request body is not valid JSON.', {
      cause: nameOfError(cause),
    });
  }
}

function nameOfError(cause: unknown): string {
  return cause instanceof Error ? cause.name : 'unknown';
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
