import type { JsonObject, JsonValue } from '../../../../base/json.js';
import { objectIn, textIn } from '../../../../base/json-fields.js';
import type {
  AnswerFormat,
  CustomTool,
  FunctionTool,
  Prompt,
  ToolChoice,
  ToolName,
} from '../../../../text/prompt.js';

/** The tools, the service's own web search among them, without any wrapping. */
export function convertTools({ tools, webSearch }: Prompt): readonly JsonObject[] {
  const own = tools.map((tool) => (tool.kind === 'custom' ? customTool(tool) : functionTool(tool)));
  return webSearch ? [...own, searchTool(webSearch)] : own;
}

/** This wire takes a function without `strict` for a strict one, and the others do not. */
function functionTool({ name, description, parameters, strict = false }: FunctionTool): JsonObject {
  return {
    type: 'function',
    name,
    ...(description !== undefined && { description }),
    parameters: parameters ?? { type: 'object', properties: {} },
    strict,
  };
}

function customTool({ name, description, format }: CustomTool): JsonObject {
  return {
    type: 'custom',
    name,
    ...(description !== undefined && { description }),
    ...(format && { format: flatFormat(format) }),
  };
}

/** The chat wire nests a grammar below its type. */
function flatFormat(format: JsonObject): JsonObject {
  const { grammar, ...rest } = format;
  return { ...rest, ...objectIn(grammar) };
}

function searchTool({ search_context_size: size, user_location: location }: JsonObject): JsonObject {
  const { approximate, ...rest } = objectIn(location);
  return {
    type: 'web_search',
    ...(textIn(size) !== undefined && { search_context_size: size }),
    ...(location !== undefined && { user_location: { ...rest, ...objectIn(approximate) } }),
  };
}

export function convertToolChoice(choice: ToolChoice): JsonValue {
  if (typeof choice === 'string') return choice;
  if (!('allowed' in choice)) return named(choice);
  return { type: 'allowed_tools', mode: choice.mode, tools: choice.allowed.map(named) };
}

function named({ kind, name }: ToolName): JsonObject {
  return name === '' ? { type: kind } : { type: kind, name };
}

/** Undefined for plain text, which is the default. */
export function convertFormat(format: AnswerFormat | undefined): JsonObject | undefined {
  if (!format || format.type === 'text') return undefined;
  if (format.type !== 'json_schema') return { type: format.type };
  const { name, description, schema, strict } = format;
  return {
    type: 'json_schema',
    name,
    schema: schema ?? {},
    ...(description !== undefined && { description }),
    ...(strict !== undefined && { strict }),
  };
}
