import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { CallFields } from '../../text/text-event.js';

/** A tool call on the chat wire, with the fields that its upstream added to ours. */
export function callJson({
  id,
  name,
  kind,
  fields = {},
  text,
}: {
  readonly id: string;
  readonly name: string;
  readonly kind: 'function' | 'custom';
  readonly fields: CallFields | undefined;
  /** The arguments of a function call, or the input of a custom call. */
  readonly text: string;
}): JsonObject {
  const { [kind]: inner, ...outer } = fields;
  const body = kind === 'custom' ? { name, input: text } : { name, arguments: text };
  return { id, type: kind, [kind]: { ...body, ...objectOf(inner) }, ...outer };
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
