import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

/**
 * Whether a text of the client's own in a request on the chat wire matches: all strings, and the names of fields
 * below the vocabulary of the wire, such as those of a tool's schema. A provider's message may repeat any of them.
 */
export function hasOwnText(body: JsonObject, matches: (text: string) => boolean): boolean {
  return Object.entries(body).some(([field, value]) =>
    field === 'messages' && Array.isArray(value)
      ? (value as readonly JsonValue[]).some(
          (message) => isJsonObject(message) && inMessage(message, matches),
        )
      : inValue(value, matches),
  );
}

function inMessage(message: JsonObject, matches: (text: string) => boolean): boolean {
  return Object.entries(message).some(([field, value]) => field !== 'role' && inValue(value, matches));
}

function inValue(value: JsonValue | undefined, matches: (text: string) => boolean): boolean {
  if (typeof value === 'string') return matches(value);
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some((item) => inValue(item, matches));
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, below]) => matches(key) || inValue(below, matches));
}
