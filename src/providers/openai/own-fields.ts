import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { withoutSignatures } from '../../text/chat-wire/reasoning-details.js';
import { UPSTREAM_FIELDS } from '../../text/text-event.js';

/**
 * A chat body in which every call has the fields that this provider gave it, and none of another provider's.
 * Signatures are for other wires. The same object when nothing has to change.
 */
export function withOwnFields(chat: JsonObject, provider: string): JsonObject {
  const { messages } = chat;
  if (!Array.isArray(messages)) return chat;
  const before: readonly JsonValue[] = messages;
  const after = before.map((message) => ownOf(message, provider));
  return after.every((message, index) => message === before[index]) ? chat : { ...chat, messages: after };
}

function ownOf(message: JsonValue, provider: string): JsonValue {
  if (!isJsonObject(message)) return message;
  const plain = withoutSignatures(message);
  const { tool_calls: calls } = plain;
  if (!Array.isArray(calls) || !(calls as readonly JsonValue[]).some(isMarked)) return plain;
  return { ...plain, tool_calls: (calls as readonly JsonValue[]).map((call) => ownCall(call, provider)) };
}

function isMarked(call: JsonValue): boolean {
  return isJsonObject(call) && UPSTREAM_FIELDS in call;
}

function ownCall(call: JsonValue, provider: string): JsonValue {
  if (!isJsonObject(call)) return call;
  const { [UPSTREAM_FIELDS]: marked, ...rest } = call;
  const { provider: owner, fields } = isJsonObject(marked) ? marked : {};
  if (owner !== provider || !isJsonObject(fields)) return rest;
  const { function: inner, ...outer } = fields;
  if (!isJsonObject(inner) || !isJsonObject(rest.function)) return { ...outer, ...rest };
  return { ...outer, ...rest, function: { ...inner, ...rest.function } };
}
