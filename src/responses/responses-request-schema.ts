import {
  flag,
  integer,
  list,
  number,
  object,
  oneOfText,
  anyObject,
  type Schema,
  text,
  textOf,
} from '../base/shape/schema-parts.js';
import { inputItemSchema } from './input-item-schema.js';
import { reasoningEffort, textFormat } from './output-settings-schema.js';
import { toolChoiceSchema, toolSchema } from './tool-schema.js';

const MAX_COUNT = 2_147_483_647;
/** Each item becomes a row of the store. No conversation has nearly as many. */
const MAX_ITEMS = 10_000;

const summary = oneOfText('auto', 'concise', 'detailed');
const reasoning = object(
  {},
  {
    effort: reasoningEffort,
    summary,
    generate_summary: summary,
  },
);

export const metadataSchema: Schema = {
  type: 'object',
  maxProperties: 16,
  propertyNames: { type: 'string', maxLength: 64 },
  additionalProperties: textOf({ maxLength: 512 }),
};

/** A body that creates a Response: types and bounds of every known field; unknown fields pass. */
export const responsesRequestSchema: Schema = object(
  { model: textOf({ minLength: 1, maxLength: 512 }) },
  {
    // The parser has turned a string into a list.
    input: { ...list(inputItemSchema, { maxItems: MAX_ITEMS }), type: ['string', 'array'] },
    instructions: text,
    previous_response_id: textOf({ minLength: 1 }),
    conversation: {
      type: ['string', 'object'],
      minLength: 1,
      required: ['id'],
      properties: { id: textOf({ minLength: 1 }) },
    },
    store: flag,
    background: flag,
    stream: flag,
    stream_options: object({}, { include_obfuscation: flag }),
    // OpenAI adds values; unknown ones change nothing.
    include: list(text),
    max_output_tokens: integer(16, MAX_COUNT),
    max_tool_calls: integer(1, MAX_COUNT),
    parallel_tool_calls: flag,
    temperature: number(0, 2),
    top_p: number(0, 1),
    top_logprobs: integer(0, 20),
    presence_penalty: number(-2, 2),
    frequency_penalty: number(-2, 2),
    metadata: metadataSchema,
    tools: list(toolSchema),
    tool_choice: toolChoiceSchema,
    text: object({}, { format: textFormat, verbosity: oneOfText('low', 'medium', 'high') }),
    reasoning,
    truncation: oneOfText('auto', 'disabled'),
    service_tier: textOf({ minLength: 1, maxLength: 64 }),
    prompt_cache_key: text,
    safety_identifier: textOf({ maxLength: 128 }),
    user: text,
    context_management: list(object({ type: text }, { compact_threshold: integer(1_000, MAX_COUNT) }), {
      minItems: 1,
    }),
    prompt: object({ id: text }),
    moderation: anyObject,
  },
);
