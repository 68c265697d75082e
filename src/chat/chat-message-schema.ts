import {
  list,
  object,
  oneOfObjects,
  oneOfText,
  orNull,
  type Schema,
  shape,
  text,
  textOf,
  textOrParts,
} from '../base/shape/schema-parts.js';

/** Only these URLs can be fetched or read; any other refers to something that the model cannot see. */
const WEB_OR_DATA_URL = '^([Hh][Tt][Tt][Pp][Ss]?://|[Dd][Aa][Tt][Aa]:)';

const textPart = shape('type', ['text'], { text });
const refusalPart = shape('type', ['refusal'], { refusal: text });
const imagePart = shape('type', ['image_url'], {
  image_url: object(
    { url: textOf({ pattern: WEB_OR_DATA_URL }) },
    { detail: oneOfText('auto', 'low', 'high') },
  ),
});
const audioPart = shape('type', ['input_audio'], {
  input_audio: object({ data: textOf({ minLength: 1 }), format: oneOfText('wav', 'mp3') }),
});
const filePart = shape('type', ['file'], {
  file: object({}, { filename: text, file_data: text, file_id: text }),
});

/** A string or text parts; `prediction` uses it too. */
export const textParts = textOrParts(oneOfObjects('type', textPart));

const toolCall = oneOfObjects(
  'type',
  shape('type', ['function'], { id: text, function: object({ name: text, arguments: text }) }),
  shape('type', ['custom'], { id: text, custom: object({ name: text, input: text }) }),
);

/** One message. `refuseUnsupported` refuses an assistant message that has no content, no call and no refusal. */
export const messageSchema: Schema = oneOfObjects(
  'role',
  shape('role', ['system', 'developer'], { content: textParts }, { name: text }),
  shape(
    'role',
    ['user'],
    { content: textOrParts(oneOfObjects('type', textPart, imagePart, audioPart, filePart)) },
    { name: text },
  ),
  shape(
    'role',
    ['assistant'],
    {},
    {
      content: textOrParts(oneOfObjects('type', textPart, refusalPart)),
      name: text,
      refusal: text,
      audio: object({ id: text }),
      tool_calls: list(toolCall),
      function_call: object({ name: text, arguments: text }),
    },
  ),
  shape('role', ['tool'], { content: textParts, tool_call_id: text }, { name: text }),
  shape('role', ['function'], { content: orNull(text), name: text }),
);
