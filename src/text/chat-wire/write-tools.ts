import type { JsonObject, JsonValue } from '../../base/json.js';
import type { AnswerFormat, PromptTool, ToolChoice, ToolName } from '../prompt.js';
import { wrapped } from './extra.js';

export function writeTool(tool: PromptTool): JsonObject {
  const { kind, name, description, extra } = tool;
  const named = { name, ...(description !== undefined && { description }) };
  if (kind === 'custom') {
    const { format } = tool;
    return wrapped(kind, { ...named, ...(format && { format }) }, extra);
  }
  const { parameters, strict } = tool;
  const inner = { ...named, ...(parameters && { parameters }), ...(strict !== undefined && { strict }) };
  return wrapped(kind, inner, extra);
}

export function writeToolChoice(choice: ToolChoice): JsonValue {
  if (typeof choice === 'string') return choice;
  if (!('allowed' in choice)) return writeName(choice);
  const { mode, allowed, extra } = choice;
  return wrapped('allowed_tools', { mode, tools: allowed.map(writeName) }, extra);
}

function writeName({ kind, name, extra }: ToolName): JsonObject {
  return name === '' ? { type: kind, ...extra } : wrapped(kind, { name }, extra);
}

export function writeFormat(format: AnswerFormat): JsonObject {
  if (format.type !== 'json_schema') return { type: format.type, ...format.extra };
  const { name, description, schema, strict, extra } = format;
  const inner = {
    name,
    ...(description !== undefined && { description }),
    ...(schema && { schema }),
    ...(strict !== undefined && { strict }),
  };
  return wrapped('json_schema', inner, extra);
}
