import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ContentPart, ImagePart, RefusalPart, TextPart } from '../../text/prompt.js';
import { objectsIn, textIn } from '../../base/json-fields.js';

/** Converts a string, or parts of every kind of input item. A refusal becomes text: only an assistant refuses. */
export function convertContent(content: JsonValue | undefined): readonly ContentPart[] {
  return spokenParts(content).map((part) =>
    part.type === 'refusal' ? { type: 'text', text: part.text } : part,
  );
}

/** Converts an assistant's content, which is text and refusals. */
export function convertSaid(content: JsonValue | undefined): readonly (TextPart | RefusalPart)[] {
  return spokenParts(content).filter((part) => part.type === 'text' || part.type === 'refusal');
}

export function isText(part: ContentPart): part is TextPart {
  return part.type === 'text';
}

function spokenParts(content: JsonValue | undefined): readonly (ContentPart | RefusalPart)[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return objectsIn(content)
    .map(convertPart)
    .filter((part) => part !== undefined);
}

function convertPart(part: JsonObject): ContentPart | RefusalPart | undefined {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: textIn(part['text']) ?? '' };
    case 'refusal':
      return { type: 'refusal', text: textIn(part['refusal']) ?? '' };
    case 'input_image':
      return image(part);
    case 'input_file':
      return { type: 'file', filename: textIn(part['filename']), data: textIn(part['file_data']) };
    case 'input_audio':
      return audio(part['input_audio']);
    default:
      return undefined;
  }
}

function audio(sound: JsonValue | undefined): ContentPart | undefined {
  if (!isJsonObject(sound)) return undefined;
  return { type: 'audio', data: textIn(sound['data']) ?? '', format: textIn(sound['format']) ?? '' };
}

function image({ image_url: url, detail }: JsonObject): ImagePart | undefined {
  return typeof url === 'string' ? { type: 'image', url, detail: textIn(detail) } : undefined;
}
