import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { listOf, messagesOf } from './conversation.js';
import { jsonSchemaInstance } from './json-schema-instance.js';

export interface SandboxCall {
  readonly id: string;
  readonly name: string;
  readonly kind: 'function' | 'custom';
  /** JSON for a function, plain text for a custom tool. */
  readonly arguments: string;
}

interface Tool {
  readonly name: string;
  readonly kind: 'function' | 'custom';
  readonly parameters: JsonValue | undefined;
}

/** The call that the assistant makes: the named tool, or the first one of those that may be called. */
export function chooseTool(chat: JsonObject): SandboxCall | undefined {
  const choice = chat.tool_choice ?? 'auto';
  const tools = listOf(chat.tools).flatMap(toolOf);
  if (choice === 'none') return undefined;
  const names = namesOf(choice);
  const tool = names === undefined ? tools[0] : tools.find(({ name }) => names.has(name));
  if (!tool) return undefined;
  return {
    id: `call_${digest(`${messagesOf(chat).length} ${tool.name}`)}`,
    name: tool.name,
    kind: tool.kind,
    arguments:
      tool.kind === 'custom'
        ? 'sandbox'
        : JSON.stringify(jsonSchemaInstance(tool.parameters ?? { type: 'object' })),
  };
}

function toolOf(tool: JsonValue): readonly Tool[] {
  if (!isJsonObject(tool)) return [];
  const kind = tool.type === 'custom' ? 'custom' : 'function';
  const body = tool[kind];
  if (!isJsonObject(body) || typeof body.name !== 'string') return [];
  return [{ name: body.name, kind, parameters: body.parameters }];
}

/** The names that a tool choice allows; undefined when it allows all. */
function namesOf(choice: JsonValue): ReadonlySet<string> | undefined {
  if (!isJsonObject(choice)) return undefined;
  const allowed = isJsonObject(choice.allowed_tools) ? choice.allowed_tools.tools : undefined;
  const meant = listOf(allowed === undefined ? [choice] : allowed);
  return new Set(meant.flatMap((tool) => toolOf(tool).map(({ name }) => name)));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
