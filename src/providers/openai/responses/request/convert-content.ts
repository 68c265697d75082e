import type { JsonObject, JsonValue } from '../../../../base/json.js';
import type { ContentPart, RefusalPart, TextPart } from '../../../../text/prompt.js';

/** A part of a message of the user or of a tool's output. */
export function convertPart(part: ContentPart): JsonObject {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', image_url: part.url, detail: part.detail ?? 'auto' };
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
    case 'file': {
      const { filename, data } = part;
      return {
        type: 'input_file',
        ...(filename !== undefined && { filename }),
        ...(data !== undefined && { file_data: data }),
      };
    }
  }
}

/** The output of a call; a single text is a plain string. */
export function convertOutput(parts: readonly ContentPart[]): JsonValue {
  const [first] = parts;
  if (!first) return '';
  return parts.length === 1 && first.type === 'text' ? first.text : parts.map(convertPart);
}

/** What the assistant said, one text or several. A plain string is what every server of this wire takes. */
export function convertSaid(parts: readonly (TextPart | RefusalPart)[]): JsonValue {
  const [first] = parts;
  if (parts.length === 1 && first?.type === 'text') return first.text;
  return parts.map((part) =>
    part.type === 'text'
      ? { type: 'output_text', text: part.text, annotations: [] }
      : { type: 'refusal', refusal: part.text },
  );
}
