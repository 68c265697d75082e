import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { UPSTREAM_FIELDS } from '../../text/text-event.js';

/** A chat body in which every call has the fields that this provider gave it, and none of another provider's. */
export function withOwnCallFields(chat: JsonObject, provider: string): JsonObject {
  const { messages } = chat;
  if (!Array.isArray(messages) || !(messages as readonly JsonValue[]).some(isMarked)) return chat;
  return { ...chat, messages: (messages as readonly JsonValue[]).map((message) => ownOf(message, provider)) };
}

function callsOf(message: JsonValue): readonly JsonValue[] {
  const calls = isJsonObject(message) ? message.tool_calls : undefined;
  return Array.isArray(calls) ? (calls as readonly JsonValue[]) : [];
}

function isMarked(message: JsonValue): boolean {
  return callsOf(message).some((call) => isJsonObject(call) && UPSTREAM_FIELDS in call);
}

function ownOf(message: JsonValue, provider: string): JsonValue {
  if (!isJsonObject(message) || !isMarked(message)) return message;
  return { ...message, tool_calls: callsOf(message).map((call) => ownCall(call, provider)) };
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
