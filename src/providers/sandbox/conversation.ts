import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

/** The messages of a chat body, in order. */
export function messagesOf(chat: JsonObject): readonly JsonObject[] {
  return listOf(chat.messages).filter(isJsonObject);
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}

/** The text of one message: its string, or its text parts joined. */
export function textOf(message: JsonObject | undefined): string {
  if (!message) return '';
  if (typeof message.content === 'string') return message.content;
  return listOf(message.content)
    .map((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

export function lastUserText(chat: JsonObject): string {
  return textOf(messagesOf(chat).findLast((message) => message.role === 'user'));
}

/** Outputs of tools that came after the last user message. */
export function toolOutputs(chat: JsonObject): readonly string[] {
  const messages = messagesOf(chat);
  const asked = messages.findLastIndex((message) => message.role === 'user');
  return messages
    .slice(asked + 1)
    .filter((message) => message.role === 'tool' || message.role === 'function')
    .map(textOf);
}
