import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { objectsIn, pick, textIn } from '../domain/fields.js';

/** Content of one item on the chat wire, where text and attachments cannot stand everywhere together. */
export interface ChatContent {
  readonly parts: readonly JsonObject[];
  readonly attachments: readonly JsonObject[];
}

/** A string, or parts of every kind that an input item has. */
export function convertContent(content: JsonValue | undefined): ChatContent {
  if (typeof content === 'string') return { parts: [{ type: 'text', text: content }], attachments: [] };
  const converted = allParts(content);
  return {
    parts: converted.filter(isText),
    attachments: converted.filter((part) => !isText(part)),
  };
}

/** All parts, in their order. */
export function allParts(content: JsonValue | undefined): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return objectsIn(content)
    .map(convertPart)
    .filter((part) => part !== undefined);
}

/** One text is a plain string: every upstream takes that. Undefined for no parts. */
export function asContent(parts: readonly JsonObject[]): JsonValue | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  return parts.length === 1 && first['type'] === 'text' ? first['text'] : parts;
}

export function joinedText(parts: readonly JsonObject[]): string {
  return parts.flatMap(({ text, refusal }) => textIn(text) ?? textIn(refusal) ?? []).join('\n');
}

function isText({ type }: JsonObject): boolean {
  return type === 'text' || type === 'refusal';
}

function convertPart(part: JsonObject): JsonObject | undefined {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part['text'] };
    case 'refusal':
      return { type: 'refusal', refusal: part['refusal'] };
    case 'input_image':
      return image(part);
    case 'input_file':
      return { type: 'file', file: pick(part, ['filename', 'file_data']) };
    case 'input_audio':
      return isJsonObject(part['input_audio'])
        ? { type: 'input_audio', input_audio: part['input_audio'] }
        : undefined;
    default:
      return undefined;
  }
}

function image({ image_url: url, detail }: JsonObject): JsonObject | undefined {
  if (typeof url !== 'string') return undefined;
  if (typeof detail !== 'string') return { type: 'image_url', image_url: { url } };
  // The chat wire has no `original`; the nearest is the most detailed.
  return { type: 'image_url', image_url: { url, detail: detail === 'original' ? 'high' : detail } };
}
