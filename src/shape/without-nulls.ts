import { isJsonObject, type JsonObject, type JsonValue } from '../json.js';

/** Documents whose nulls mean something: a `const: null` in a JSON schema is not an absent field. */
const OPAQUE = new Set(['parameters', 'schema', 'input_schema', 'output_schema', 'metadata', 'logit_bias']);

/**
 * The same request without the optional fields that are null. A null `content` stays: it is how an assistant that only
 * called tools is written, and some upstreams insist on it. Copies nothing where there is nothing to leave out.
 */
export function withoutNulls(body: JsonObject): JsonObject {
  let copy: Record<string, JsonValue | undefined> | undefined;
  for (const key of Object.keys(body)) {
    const value = body[key];
    if (value === null && key !== 'content') {
      copy ??= { ...body };
      Reflect.deleteProperty(copy, key);
    } else if (typeof value === 'object' && value !== null && !OPAQUE.has(key)) {
      const pruned = prune(value);
      if (pruned === value) continue;
      copy ??= { ...body };
      // Not an assignment, which would set the prototype for a key named `__proto__`.
      Object.defineProperty(copy, key, {
        value: pruned,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return copy ?? body;
}

function prune(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return withoutNulls(value);
  if (!Array.isArray(value)) return value;
  const items = value as readonly JsonValue[];
  const pruned = items.map(prune);
  return pruned.some((item, index) => item !== items[index]) ? pruned : items;
}
