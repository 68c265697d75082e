import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { AnswerFormat, PromptTool, ToolChoice, ToolName } from '../prompt.js';
import type { ChatFormat, ChatTool, ChatToolChoice } from './chat-body.js';
import { extraOf, wrappedExtra } from './extra.js';

const TYPE = new Set(['type']);
const FUNCTION = {
  outside: new Set(['type', 'function']),
  inside: new Set(['name', 'description', 'parameters', 'strict']),
};
const CUSTOM = { outside: new Set(['type', 'custom']), inside: new Set(['name', 'description', 'format']) };
const ALLOWED = { outside: new Set(['type', 'allowed_tools']), inside: new Set(['mode', 'tools']) };
const SCHEMA = {
  outside: new Set(['type', 'json_schema']),
  inside: new Set(['name', 'description', 'schema', 'strict']),
};
const NAME = new Set(['name']);

export function readTool(tool: ChatTool): PromptTool {
  if (tool.type === 'custom') {
    const { name, description, format } = tool.custom;
    const extra = wrappedExtra(tool, 'custom', CUSTOM);
    return { kind: 'custom', name, description, format, extra };
  }
  const { name, description, parameters, strict } = tool.function;
  const extra = wrappedExtra(tool, 'function', FUNCTION);
  return { kind: 'function', name, description, parameters, strict, extra };
}

export function readToolChoice(choice: ChatToolChoice): ToolChoice {
  if (!isJsonObject(choice)) return choice;
  const { allowed_tools: allowed } = choice;
  if (!isJsonObject(allowed)) return readName(choice);
  return {
    mode: allowed['mode'] === 'required' ? 'required' : 'auto',
    allowed: (allowed['tools'] as readonly JsonObject[]).map(readName),
    extra: wrappedExtra(choice, 'allowed_tools', ALLOWED),
  };
}

/** Lists of allowed tools have more types than can be declared here. */
function readName(tool: JsonObject): ToolName {
  const kind = textIn(tool['type']) ?? '';
  const inner = tool[kind];
  if (!isJsonObject(inner) || typeof inner['name'] !== 'string')
    return { kind, name: '', extra: extraOf(tool, TYPE) };
  return {
    kind,
    name: inner['name'],
    extra: wrappedExtra(tool, kind, { outside: new Set(['type', kind]), inside: NAME }),
  };
}

export function readFormat(format: ChatFormat): AnswerFormat {
  if (format.type !== 'json_schema') return { type: format.type, extra: extraOf(format, TYPE) };
  const { name, description, schema, strict } = format.json_schema;
  const extra = wrappedExtra(format, 'json_schema', SCHEMA);
  return { type: 'json_schema', name, description, schema, strict, extra };
}

function textIn(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
