import type { ToolCallIdRule } from '../../catalog/profile.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { FittingIds } from '../fitting-ids.js';

/** Gives calls and their outputs ids that the service accepts. */
export function fitToolCallIds(messages: readonly JsonObject[], rule: ToolCallIdRule): readonly JsonObject[] {
  if (rule === 'kept') return messages;
  const ids = new FittingIds(rule, messages.flatMap(callsOf).map(idOf));
  return messages.map((message) => {
    if (message['role'] === 'tool') {
      const id = message['tool_call_id'];
      return typeof id === 'string' ? changed(message, 'tool_call_id', ids.ofOutput(id)) : message;
    }
    const calls = callsOf(message);
    if (calls.length === 0) return message;
    const fitted = calls.map((call) => changed(call, 'id', ids.ofCall(idOf(call))));
    return fitted.every((call, index) => call === calls[index])
      ? message
      : { ...message, tool_calls: fitted };
  });
}

function callsOf({ tool_calls: calls }: JsonObject): readonly JsonObject[] {
  return Array.isArray(calls) ? (calls as readonly JsonValue[]).filter(isJsonObject) : [];
}

function idOf({ id }: JsonObject): string {
  return typeof id === 'string' ? id : '';
}

function changed(object: JsonObject, field: string, value: string): JsonObject {
  return object[field] === value ? object : { ...object, [field]: value };
}
