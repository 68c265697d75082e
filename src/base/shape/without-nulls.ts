import { isJsonObject, type JsonObject, type JsonValue } from '../json.js';

/** Fields whose nulls have a meaning: a `const: null` in a JSON schema is not an absent field. */
const OPAQUE = new Set(['parameters', 'schema', 'input_schema', 'output_schema', 'metadata', 'logit_bias']);

type Fields = Record<string, JsonValue | undefined>;

/**
 * The same request without optional fields that are null. A null `content` stays, because an assistant message that
 * only called tools has one, and some upstreams insist on it. Copies nothing if nothing is removed.
 */
export function withoutNulls(body: JsonObject): JsonObject {
  const names = Object.keys(body);
  // Built from the kept fields, because deleting fields from a copy costs ten times as much.
  let copy: Fields | undefined;
  names.forEach((name, index) => {
    const value = body[name];
    const kept = keptOf(name, value);
    if (kept !== value) copy ??= fieldsBefore(body, names, index);
    if (copy && kept !== undefined) setField(copy, name, kept);
  });
  return copy ?? body;
}

function keptOf(name: string, value: JsonValue | undefined): JsonValue | undefined {
  if (value === null) return name === 'content' ? null : undefined;
  return typeof value === 'object' && !OPAQUE.has(name) ? prune(value) : value;
}

function prune(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return withoutNulls(value);
  if (!Array.isArray(value)) return value;
  const items = value as readonly JsonValue[];
  const pruned = items.map(prune);
  return pruned.some((item, index) => item !== items[index]) ? pruned : items;
}

function fieldsBefore(body: JsonObject, names: readonly string[], end: number): Fields {
  const fields: Fields = {};
  for (let index = 0; index < end; index += 1) {
    const name = names[index] ?? '';
    setField(fields, name, body[name]);
  }
  return fields;
}

function setField(fields: Fields, name: string, value: JsonValue | undefined): void {
  if (name !== '__proto__') fields[name] = value;
  // An assignment would set the prototype.
  else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
}
