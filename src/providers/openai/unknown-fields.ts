import type { JsonObject, JsonValue } from '../../json.js';

export type FieldNames = ReadonlySet<string>;

export const ANSWER_FIELDS: FieldNames = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
]);
export const CHOICE_FIELDS: FieldNames = new Set(['index', 'delta', 'message', 'finish_reason', 'logprobs']);
export const MESSAGE_FIELDS: FieldNames = new Set([
  'role',
  'content',
  'refusal',
  'reasoning',
  'reasoning_content',
  'tool_calls',
  'annotations',
]);

/** The fields that are not among the known ones, or undefined when there are none, which is the usual case. */
export function unknownFields(object: JsonObject, known: FieldNames): JsonObject | undefined {
  let rest: Record<string, JsonValue> | undefined;
  for (const name in object) {
    const value = object[name];
    // A field of this name would change the prototype of the copy instead of becoming a field.
    if (known.has(name) || value === undefined || name === '__proto__') continue;
    rest ??= {};
    rest[name] = value;
  }
  return rest;
}
