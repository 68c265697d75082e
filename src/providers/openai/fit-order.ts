import type { Profile } from '../../catalog/profile.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

/** The assistant's message for services that need one between a tool and a user. */
const BETWEEN: JsonObject = { role: 'assistant', content: 'OK.' };

/** Moves parts that are not text out of tool messages, and puts an assistant message between tools and a user. */
export function fitOrder(
  messages: readonly JsonObject[],
  { toolImages, assistantAfterTools }: Profile,
): readonly JsonObject[] {
  const moved = toolImages === 'behind' ? attachmentsBehind(messages) : messages;
  return assistantAfterTools ? assistantBetween(moved) : moved;
}

function attachmentsBehind(messages: readonly JsonObject[]): readonly JsonObject[] {
  if (!messages.some((message) => message['role'] === 'tool' && !partsOf(message).every(isText)))
    return messages;
  const ordered: JsonObject[] = [];
  let attached: JsonValue[] = [];
  const putDown = (): void => {
    if (attached.length > 0) ordered.push({ role: 'user', content: attached });
    attached = [];
  };
  for (const message of messages) {
    if (message['role'] !== 'tool') putDown();
    const parts = message['role'] === 'tool' ? partsOf(message) : [];
    const others = parts.filter((part) => !isText(part));
    if (others.length === 0) {
      ordered.push(message);
      continue;
    }
    const texts = parts.filter(isText);
    ordered.push({
      ...message,
      content: texts.length === 0 ? 'The output follows in the next message.' : texts,
    });
    const id = typeof message['tool_call_id'] === 'string' ? message['tool_call_id'] : '';
    attached.push({ type: 'text', text: `Output of tool call ${id}:` }, ...others);
  }
  putDown();
  return ordered;
}

function assistantBetween(messages: readonly JsonObject[]): readonly JsonObject[] {
  return messages.flatMap((message, index) =>
    message['role'] === 'user' && messages[index - 1]?.['role'] === 'tool' ? [BETWEEN, message] : [message],
  );
}

function partsOf({ content }: JsonObject): readonly JsonObject[] {
  return Array.isArray(content) ? (content as readonly JsonValue[]).filter(isJsonObject) : [];
}

function isText({ type }: JsonObject): boolean {
  return type === 'text';
}
