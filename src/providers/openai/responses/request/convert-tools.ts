import type { JsonObject, JsonValue } from '../../../../base/json.js';
import { objectIn, textIn } from '../../../../base/json-fields.js';
import type {
  AnswerFormat,
  CustomTool,
  FunctionTool,
  Prompt,
  PromptTool,
  ToolChoice,
  ToolName,
} from '../../../../text/prompt.js';

/** The tools, the service's own web search among them, without any wrapping. */
export function convertTools({ tools, webSearch, hosted }: Prompt): readonly JsonObject[] {
  return [...tools.map(convertTool), ...(webSearch ? [searchTool(webSearch)] : []), ...(hosted?.tools ?? [])];
}

/** Names of functions that stand for custom tools; here they are custom tools. */
export function customNames({ tools }: Prompt): ReadonlySet<string> {
  return new Set(tools.flatMap((tool) => (tool.kind === 'function' && tool.custom ? tool.name : [])));
}

function convertTool(tool: PromptTool): JsonObject {
  if (tool.kind === 'custom') return customTool(tool);
  const { name, custom } = tool;
  return custom ? customTool({ kind: 'custom', name, ...custom }) : functionTool(tool);
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

/** @param customs names of functions that are custom tools here */
export function convertToolChoice(choice: ToolChoice, customs: ReadonlySet<string>): JsonValue {
  const named = ({ kind, name }: ToolName): JsonObject =>
    name === '' ? { type: kind } : { type: customs.has(name) ? 'custom' : kind, name };
  if (typeof choice === 'string') return choice;
  if (!('allowed' in choice)) return named(choice);
  return { type: 'allowed_tools', mode: choice.mode, tools: choice.allowed.map(named) };
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
