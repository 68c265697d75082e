import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ProviderSettings } from '../../catalog/model.js';
import { withoutSignatures } from '../../text/chat-wire/reasoning-details.js';
import { UPSTREAM_FIELDS } from '../../text/text-event.js';
import { isOwnedBy } from '../text/owned-fields.js';

/**
 * A chat body in which every call has the fields that this provider's scope gave it, and none of another's.
 * Signatures are for other wires. The same object when nothing has to change.
 */
export function withOwnFields(chat: JsonObject, provider: ProviderSettings): JsonObject {
  const { messages } = chat;
  if (!Array.isArray(messages)) return chat;
  const before: readonly JsonValue[] = messages;
  const after = before.map((message) => ownOf(message, provider));
  return after.every((message, index) => message === before[index]) ? chat : { ...chat, messages: after };
}

function ownOf(message: JsonValue, provider: ProviderSettings): JsonValue {
  if (!isJsonObject(message)) return message;
  const plain = withoutSignatures(message);
  const { tool_calls: calls } = plain;
  if (!Array.isArray(calls) || !(calls as readonly JsonValue[]).some(isMarked)) return plain;
  return { ...plain, tool_calls: (calls as readonly JsonValue[]).map((call) => ownCall(call, provider)) };
}

function isMarked(call: JsonValue): boolean {
  return isJsonObject(call) && UPSTREAM_FIELDS in call;
}

function ownCall(call: JsonValue, provider: ProviderSettings): JsonValue {
  if (!isJsonObject(call)) return call;
  const { [UPSTREAM_FIELDS]: marked, ...rest } = call;
  const { provider: owner, fields } = isJsonObject(marked) ? marked : {};
  if (typeof owner !== 'string' || !isOwnedBy(owner, provider) || !isJsonObject(fields)) return rest;
  const { function: inner, ...outer } = fields;
  if (!isJsonObject(inner) || !isJsonObject(rest.function)) return { ...outer, ...rest };
  return { ...outer, ...rest, function: { ...inner, ...rest.function } };
}
