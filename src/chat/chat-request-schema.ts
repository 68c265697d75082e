import { messageSchema, textParts } from './chat-message-schema.js';
import {
  anyObject,
  flag,
  integer,
  list,
  number,
  object,
  oneOfObjects,
  oneOfText,
  type Schema,
  shape,
  text,
  textOf,
  wordOr,
} from '../base/shape/schema-parts.js';

/** Each message becomes a row of the store when the completion is stored. No conversation has nearly as many. */
const MAX_MESSAGES = 10_000;
const MAX_OUTPUT_TOKENS = 2_147_483_647;
const SEED_BOUND = 2 ** 63;

const NAME = textOf({ pattern: '^[a-zA-Z0-9_-]{1,64}$' });
const functionObject = object({ name: NAME }, { description: text, parameters: anyObject, strict: flag });
const named = object({ name: text });

const grammar = object({ definition: text, syntax: oneOfText('lark', 'regex') });
const customFormat = oneOfObjects(
  'type',
  shape('type', ['text'], {}),
  shape('type', ['grammar'], { grammar }),
);
const tool = oneOfObjects(
  'type',
  shape('type', ['function'], { function: functionObject }),
  shape('type', ['custom'], { custom: object({ name: text }, { description: text, format: customFormat }) }),
);

const toolChoice = wordOr(
  ['none', 'auto', 'required'],
  oneOfObjects(
    'type',
    shape('type', ['function'], { function: named }),
    shape('type', ['custom'], { custom: named }),
    shape('type', ['allowed_tools'], {
      allowed_tools: object({ mode: oneOfText('auto', 'required'), tools: list(anyObject) }),
    }),
  ),
);

const responseFormat = oneOfObjects(
  'type',
  shape('type', ['text', 'json_object'], {}),
  shape('type', ['json_schema'], {
    json_schema: object({ name: NAME }, { description: text, schema: anyObject, strict: flag }),
  }),
);

const location = object({}, { country: text, region: text, city: text, timezone: text });
const webSearchOptions = object(
  {},
  {
    user_location: object({ type: oneOfText('approximate'), approximate: location }),
    search_context_size: oneOfText('low', 'medium', 'high'),
  },
);

const outputTokens = integer(1, MAX_OUTPUT_TOKENS);

export const metadataSchema: Schema = {
  type: 'object',
  maxProperties: 16,
  propertyNames: { type: 'string', maxLength: 64 },
  additionalProperties: textOf({ maxLength: 512 }),
};

/** A chat-completions body: types and bounds of every known field; unknown fields pass. */
export const chatRequestSchema: Schema = object(
  {
    model: textOf({ minLength: 1, maxLength: 512 }),
    messages: list(messageSchema, { minItems: 1, maxItems: MAX_MESSAGES }),
  },
  {
    stream: flag,
    stream_options: object({}, { include_usage: flag, include_obfuscation: flag }),
    max_completion_tokens: outputTokens,
    max_tokens: outputTokens,
    temperature: number(0, 2),
    top_p: number(0, 1),
    n: integer(1, 128),
    stop: { type: ['string', 'array'], items: text, maxItems: 4 },
    presence_penalty: number(-2, 2),
    frequency_penalty: number(-2, 2),
    logit_bias: { type: 'object', additionalProperties: number(-100, 100) },
    logprobs: flag,
    top_logprobs: integer(0, 20),
    seed: integer(-SEED_BOUND, SEED_BOUND),
    tools: list(tool),
    tool_choice: toolChoice,
    parallel_tool_calls: flag,
    response_format: responseFormat,
    reasoning_effort: oneOfText('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
    verbosity: oneOfText('low', 'medium', 'high'),
    metadata: metadataSchema,
    store: flag,
    user: text,
    safety_identifier: textOf({ maxLength: 128 }),
    prompt_cache_key: text,
    service_tier: textOf({ minLength: 1, maxLength: 64 }),
    modalities: list(oneOfText('text', 'audio')),
    audio: anyObject,
    prediction: object({ type: oneOfText('content'), content: textParts }),
    web_search_options: webSearchOptions,
    functions: list(object({ name: NAME }, { description: text, parameters: anyObject }), {
      minItems: 1,
      maxItems: 128,
    }),
    function_call: wordOr(['none', 'auto'], named),
  },
);
