import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { NO_SIGNATURE, signatureIn, signedFields } from '../text/gemini-signatures.js';

/**
 * The messages with an excuse for each missing signature that Gemini demands: at the first call of each step of the
 * current turn, which begins behind the last text of the user. Everything else stays the same object.
 */
export function fitSignatures(messages: readonly JsonObject[]): readonly JsonObject[] {
  const begun = messages.findLastIndex((message) => message['role'] === 'user' && hasText(message));
  return messages.map((message, index) => {
    const { tool_calls: calls } = message;
    const [first, ...others] = Array.isArray(calls) ? (calls as readonly JsonValue[]) : [];
    if (index < begun || !isJsonObject(first) || signatureIn(first) !== undefined) return message;
    return { ...message, tool_calls: [{ ...first, ...signedFields(NO_SIGNATURE) }, ...others] };
  });
}

function hasText({ content }: JsonObject): boolean {
  if (!Array.isArray(content)) return typeof content === 'string' && content !== '';
  return (content as readonly JsonValue[]).some((part) => isJsonObject(part) && part['type'] === 'text');
}
