import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { objectsIn, pick, textIn } from '../../base/json-fields.js';

/** Fields that have the same name in the body of a request for a Response. */
const SAME_ON_BOTH = [
  'parallel_tool_calls',
  'temperature',
  'top_p',
  'top_logprobs',
  'presence_penalty',
  'frequency_penalty',
  'service_tier',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
  'user',
] as const;

/** A chat-completions body as the body of a request for a Response, apart from its input. */
export function settingsFromChat(chat: JsonObject): JsonObject {
  const choice = chat['tool_choice'] ?? chat['function_call'];
  return {
    ...pick(chat, SAME_ON_BOTH),
    tools: [...objectsIn(chat['tools']).map(flatTool), ...objectsIn(chat['functions']).map(flatFunction)],
    ...(choice === undefined ? {} : { tool_choice: flatChoice(choice) }),
    text: textOf(chat),
    ...(chat['reasoning_effort'] === undefined ? {} : { reasoning: { effort: chat['reasoning_effort'] } }),
    ...limitOf(chat),
  };
}

function limitOf(chat: JsonObject): JsonObject {
  const limit = chat['max_completion_tokens'] ?? chat['max_tokens'] ?? null;
  return limit === null ? {} : { max_output_tokens: limit };
}

function flatFunction(definition: JsonObject): JsonObject {
  return { type: 'function', ...pick(definition, ['name', 'description', 'parameters', 'strict']) };
}

function flatTool(tool: JsonObject): JsonObject {
  const { function: definition, custom } = tool;
  if (isJsonObject(definition)) return flatFunction(definition);
  if (!isJsonObject(custom)) return tool;
  const { format } = custom;
  const grammar = isJsonObject(format) ? format['grammar'] : undefined;
  return {
    type: 'custom',
    ...pick(custom, ['name', 'description']),
    ...(isJsonObject(grammar) && { format: { type: 'grammar', ...pick(grammar, ['syntax', 'definition']) } }),
  };
}

function flatChoice(choice: JsonValue): JsonValue {
  if (!isJsonObject(choice)) return choice;
  const { type, function: named, custom, allowed_tools: allowed } = choice;
  if (isJsonObject(allowed)) {
    return {
      type: 'allowed_tools',
      mode: allowed['mode'],
      tools: objectsIn(allowed['tools']).map(flatChoice),
    };
  }
  if (isJsonObject(custom)) return { type: 'custom', ...pick(custom, ['name']) };
  if (isJsonObject(named)) return { type: 'function', ...pick(named, ['name']) };
  return { ...choice, type: textIn(type) ?? 'function' };
}

function textOf(chat: JsonObject): JsonObject {
  const { response_format: format } = chat;
  const verbosity = pick(chat, ['verbosity']);
  if (!isJsonObject(format)) return verbosity;
  const { type, json_schema: schema } = format;
  if (type !== 'json_schema' || !isJsonObject(schema)) return { format: { type }, ...verbosity };
  const named = pick(schema, ['name', 'description', 'schema', 'strict']);
  return { format: { type, ...named }, ...verbosity };
}
