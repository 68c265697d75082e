import type { JsonObject } from '../../json.js';
import { objectsIn, pick, textIn } from '../domain/fields.js';
import { ToolNames } from './tool-names.js';

/** A tool that a chat upstream can be offered. */
export interface OfferedTool {
  readonly type: 'function' | 'custom';
  readonly name: string;
  readonly namespace?: string;
  /** As the chat wire has it. */
  readonly chat: JsonObject;
}

export interface ConvertedTools {
  readonly offered: readonly OfferedTool[];
  readonly names: ToolNames;
  /** Types of the tools that cannot run on a chat upstream, each once. */
  readonly leftOut: readonly string[];
}

/** Flat tools become nested functions; namespaces are taken apart, and custom tools have one string as their input. */
export function convertTools(declared: readonly JsonObject[]): ConvertedTools {
  const names = new ToolNames();
  // By name on the chat wire: a tool that is declared again replaces itself.
  const offered = new Map<string, OfferedTool>();
  const offer = (tool: JsonObject, namespace?: JsonObject): void => {
    const converted = convertTool(tool, names, namespace);
    offered.set(converted.chatName, converted.tool);
  };
  // What stands alone keeps its name; what is in a namespace gives way.
  for (const tool of declared) if (isOwn(tool)) offer(tool);
  for (const tool of declared) {
    if (tool['type'] !== 'namespace') continue;
    for (const inner of objectsIn(tool['tools'])) if (isOwn(inner)) offer(inner, tool);
  }
  const hosted = declared.filter((tool) => !isOwn(tool) && tool['type'] !== 'namespace');
  const leftOut = [...new Set(hosted.map(({ type }) => textIn(type) ?? ''))];
  return { offered: [...offered.values()], names, leftOut };
}

function isOwn({ type }: JsonObject): boolean {
  return type === 'function' || type === 'custom';
}

function convertTool(
  tool: JsonObject,
  names: ToolNames,
  around?: JsonObject,
): { readonly chatName: string; readonly tool: OfferedTool } {
  const type = tool['type'] === 'custom' ? 'custom' : 'function';
  const name = textIn(tool['name']) ?? '';
  const namespace = textIn(around?.['name']);
  const inNamespace = namespace === undefined ? {} : { namespace };
  const chatName = names.offer(
    type === 'custom' ? { type, name } : { type, name, ...inNamespace },
    namespace,
  );
  const chat = type === 'custom' ? customFunction(tool, chatName) : plainFunction(tool, chatName);
  return { chatName, tool: { type, name, ...inNamespace, chat: { type: 'function', function: chat } } };
}

function plainFunction(tool: JsonObject, name: string): JsonObject {
  return {
    name,
    ...pick(tool, ['description']),
    parameters: tool['parameters'] ?? { type: 'object', properties: {} },
    ...pick(tool, ['strict']),
  };
}

function customFunction(tool: JsonObject, name: string): JsonObject {
  const description = [textIn(tool['description']), ...formatText(tool)].filter(Boolean).join('\n\n');
  return {
    name,
    ...(description === '' ? {} : { description }),
    parameters: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] },
  };
}

/** A grammar cannot be enforced on the chat wire of every upstream, but be told. */
function formatText({ format }: JsonObject): readonly string[] {
  const [grammar] = objectsIn([format ?? null]);
  if (grammar?.['type'] !== 'grammar') return [];
  const { syntax, definition } = grammar;
  return [`The input must match this ${textIn(syntax) ?? ''} grammar:\n${textIn(definition) ?? ''}`];
}
