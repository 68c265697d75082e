import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';

/** The text of one delta or message, by kind; empty where there is none. */
export interface SpokenText {
  readonly reasoning: string;
  readonly text: string;
  readonly refusal: string;
}

/** Content is a string, or parts as some upstreams send them (Mistral's thinking parts among them). */
export function convertContent(message: JsonObject): SpokenText {
  const reasoning =
    string(message.reasoning_content) || string(message.reasoning) || string(message.reasoning_text);
  const refusal = string(message.refusal);
  const content = message.content;
  if (!Array.isArray(content)) return { reasoning, refusal, text: string(content) };
  return {
    reasoning: reasoning + thinking(content),
    refusal: refusal + joined(content, 'refusal'),
    text: joined(content, 'text'),
  };
}

function thinking(parts: readonly JsonValue[]): string {
  return parts
    .map((part) => {
      if (!isJsonObject(part) || part.type !== 'thinking') return '';
      return Array.isArray(part.thinking) ? joined(part.thinking, 'text') : string(part.thinking);
    })
    .join('');
}

function joined(parts: readonly JsonValue[], kind: 'text' | 'refusal'): string {
  return parts.map((part) => (isJsonObject(part) ? string(part[kind]) : '')).join('');
}

function string(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
