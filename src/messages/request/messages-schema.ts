import {
  anyObject,
  flag,
  integer,
  knownOrOther,
  list,
  number,
  object,
  oneOfObjects,
  oneOfText,
  type Schema,
  shape,
  text,
  textOf,
} from '../../base/shape/schema-parts.js';

/** A string, or a list of parts, which may be empty. */
function textOrParts(parts: Schema): Schema {
  return { type: ['string', 'array'], items: parts };
}

const MOST_TOKENS = 2 ** 31 - 1;

const textBlock = shape('type', ['text'], { text });

const imageSource = knownOrOther(
  'type',
  shape('type', ['base64'], { media_type: text, data: text }),
  shape('type', ['url'], { url: textOf({ pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' }) }),
);
const documentSource = knownOrOther(
  'type',
  shape('type', ['base64'], { media_type: text, data: text }),
  shape('type', ['text'], { data: text }),
  shape('type', ['url'], { url: text }),
  shape('type', ['content'], { content: textOrParts(anyObject) }),
);

const image = shape('type', ['image'], { source: imageSource });
const document = shape('type', ['document'], { source: documentSource }, { title: text, context: text });
const searchResult = shape(
  'type',
  ['search_result'],
  { content: list(anyObject) },
  { title: text, source: text },
);
const toolReference = shape('type', ['tool_reference'], { tool_name: text });

/** Block types grow with the API; an unknown one is kept for upstreams of the same wire. */
const resultBlock = knownOrOther('type', textBlock, image, document, searchResult, toolReference);
const block = knownOrOther(
  'type',
  textBlock,
  image,
  document,
  searchResult,
  shape('type', ['tool_use'], { id: text, name: text, input: anyObject }),
  shape(
    'type',
    ['tool_result'],
    { tool_use_id: text },
    { content: textOrParts(resultBlock), is_error: flag },
  ),
  // Claude Code sends back an empty signature where it got none.
  shape('type', ['thinking'], { thinking: text }, { signature: text }),
  shape('type', ['redacted_thinking'], { data: text }),
);

const content = textOrParts(block);
const outputConfig = object({}, { effort: text, format: object({ type: text }, { schema: anyObject }) });

const message: Schema = oneOfObjects(
  'role',
  shape('role', ['user', 'assistant'], { content }),
  shape('role', ['system'], { content }, { output_config: outputConfig }),
);

/** A tool without a type is the client's own; with a type it is one that the API knows. */
const tool = object(
  { name: textOf({ minLength: 1, maxLength: 128 }) },
  { type: text, description: text, input_schema: anyObject, strict: flag, defer_loading: flag },
);

const FIELDS: Readonly<Record<string, Schema>> = {
  system: textOrParts(knownOrOther('type', textBlock)),
  tools: list(tool),
  tool_choice: oneOfObjects(
    'type',
    shape('type', ['auto', 'any'], {}, { disable_parallel_tool_use: flag }),
    shape('type', ['tool'], { name: text }, { disable_parallel_tool_use: flag }),
    shape('type', ['none'], {}),
  ),
  thinking: object(
    { type: oneOfText('enabled', 'disabled', 'adaptive') },
    { budget_tokens: integer(1, MOST_TOKENS), display: text },
  ),
  output_config: outputConfig,
  output_format: object({ type: text }, { schema: anyObject }),
  stream: flag,
  temperature: number(0, 1),
  top_p: number(0, 1),
  top_k: integer(0, MOST_TOKENS),
  stop_sequences: list(text),
  metadata: object({}, { user_id: text }),
  service_tier: text,
  speed: text,
  inference_geo: text,
  thread: oneOfObjects(
    'type',
    shape('type', ['create'], {}),
    shape('type', ['continue'], { previous_message_id: textOf({ minLength: 1, maxLength: 128 }) }),
  ),
};

/** `POST /messages`, `anthropic-version` 2023-06-01 and 2026-10-21. */
export const messagesSchema = object(
  {
    model: textOf({ minLength: 1 }),
    max_tokens: integer(0, MOST_TOKENS),
    messages: list(message),
  },
  FIELDS,
);

/** `POST /messages/count_tokens` */
export const countSchema = object(
  { model: textOf({ minLength: 1 }), messages: list(message) },
  { ...FIELDS, max_tokens: integer(0, MOST_TOKENS) },
);
