import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../errors/gateway-error.js';
import { isJsonObject, type JsonObject } from '../json.js';

/** Deeper than any request or JSON schema in use, and far from where recursion over it would end the stack. */
export const MAX_JSON_DEPTH = 128;

const BYTE_ORDER_MARK = 0xfeff;

/** @throws GatewayError invalid_json */
export function parseJsonBody(bytes: Buffer): JsonObject {
  if (bytes.length === 0)
    throw new GatewayError('invalid_json', 'The request body is empty; send a JSON object.');
  if (!isUtf8(bytes)) throw new GatewayError('invalid_json', 'The request body is not valid UTF-8.');
  const value = parse(bytes.toString('utf8'));
  if (!isJsonObject(value)) {
    throw new GatewayError('invalid_json', `The request body must be a JSON object, not ${nameOf(value)}.`);
  }
  if (!isShallow(value, MAX_JSON_DEPTH)) {
    throw new GatewayError(
      'invalid_json',
      `The request body is nested too deeply; at most ${MAX_JSON_DEPTH} levels are accepted.`,
    );
  }
  return value;
}

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

function isShallow(value: unknown, levelsLeft: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levelsLeft === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isShallow(item, levelsLeft - 1));
  for (const key in value) {
    if (!isShallow((value as Record<string, unknown>)[key], levelsLeft - 1)) return false;
  }
  return true;
}
