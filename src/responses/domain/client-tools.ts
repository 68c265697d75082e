import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { objectIn, objectsIn, pick, textIn } from '../../base/json-fields.js';
import type { ClientCallFields, ClientCallItem, OutputItemPrefix } from './item.js';

/**
 * Tools that the client runs, and that both sides know by their type alone. A chat upstream gets each of them as a
 * function; the client gets each call as the item that it expects.
 */
export type ClientToolType =
  'tool_search' | 'local_shell' | 'shell' | 'apply_patch' | 'computer' | 'computer_use_preview';

interface ClientTool {
  readonly item: ClientCallItem['type'];
  readonly prefix: OutputItemPrefix;
  /** The item's fields from the arguments. They have the published types, whatever the model wrote. */
  readonly fields: (said: JsonObject) => ClientCallFields;
  /** The arguments from an item that a client sends back. */
  readonly arguments: (item: JsonObject) => JsonValue;
}

const LOCAL_SHELL_FIELDS = ['command', 'env', 'timeout_ms', 'user', 'working_directory'] as const;
const OPERATIONS: readonly unknown[] = ['create_file', 'delete_file', 'update_file'];

export const CLIENT_TOOLS: Readonly<Record<ClientToolType, ClientTool>> = {
  tool_search: {
    item: 'tool_search_call',
    prefix: 'tsc',
    fields: (said) => ({ execution: 'client', arguments: said }),
    arguments: (item) => item['arguments'] ?? {},
  },
  local_shell: {
    item: 'local_shell_call',
    prefix: 'lsh',
    fields: (said) => ({ action: localShellAction(said) }),
    arguments: ({ action }) => pick(objectIn(action), LOCAL_SHELL_FIELDS),
  },
  shell: {
    item: 'shell_call',
    prefix: 'sh',
    fields: (said) => ({
      action: {
        commands: textsIn(said['commands'] ?? said['command']),
        timeout_ms: countIn(said['timeout_ms']),
        max_output_length: countIn(said['max_output_length']),
      },
      environment: { type: 'local' },
    }),
    arguments: ({ action }) => pick(objectIn(action), ['commands', 'timeout_ms', 'max_output_length']),
  },
  apply_patch: {
    item: 'apply_patch_call',
    prefix: 'apc',
    fields: (said) => ({
      operation: operationIn(isJsonObject(said['operation']) ? said['operation'] : said),
    }),
    arguments: ({ operation }) => objectIn(operation),
  },
  computer: {
    item: 'computer_call',
    prefix: 'cu',
    fields: (said) => ({ actions: actionsIn(said), pending_safety_checks: [] }),
    arguments: computerArguments,
  },
  computer_use_preview: {
    item: 'computer_call',
    prefix: 'cu',
    fields: (said) => ({
      action: actionsIn(said)[0] ?? { type: 'screenshot' },
      pending_safety_checks: [],
    }),
    arguments: computerArguments,
  },
};

const CLIENT_TOOL_TYPES = Object.keys(CLIENT_TOOLS) as readonly ClientToolType[];

export function isClientToolType(type: unknown): type is ClientToolType {
  return typeof type === 'string' && Object.hasOwn(CLIENT_TOOLS, type);
}

/** The tool that such an item calls; undefined for items of another kind. */
export function clientToolCalledBy({ type, action, actions }: JsonObject): ClientToolType | undefined {
  // Both computer tools have this item; the preview has a single action.
  if (type === 'computer_call' && isJsonObject(action) && actions === undefined)
    return 'computer_use_preview';
  return CLIENT_TOOL_TYPES.find((tool) => CLIENT_TOOLS[tool].item === type);
}

function localShellAction({ command, env, timeout_ms, user, working_directory }: JsonObject): JsonObject {
  const timeoutMs = countIn(timeout_ms);
  return {
    type: 'exec',
    command: typeof command === 'string' ? ['bash', '-lc', command] : textsIn(command),
    env: Object.fromEntries(Object.entries(objectIn(env)).filter(([, value]) => typeof value === 'string')),
    ...(timeoutMs === null ? {} : { timeout_ms: timeoutMs }),
    ...(typeof user === 'string' && { user }),
    ...(typeof working_directory === 'string' && { working_directory }),
  };
}

function computerArguments({ action, actions }: JsonObject): JsonObject {
  return actions === undefined ? { action: objectIn(action) } : { actions };
}

/** Some models leave out the object around a single action. */
function actionsIn(said: JsonObject): readonly JsonObject[] {
  if (Array.isArray(said['actions'])) return objectsIn(said['actions']);
  const action = isJsonObject(said['action']) ? said['action'] : said;
  return textIn(action['type']) === undefined ? [] : [action];
}

function operationIn(said: JsonObject): JsonObject {
  const type = OPERATIONS.includes(said['type']) ? said['type'] : 'update_file';
  const path = textIn(said['path']) ?? '';
  return type === 'delete_file' ? { type, path } : { type, path, diff: textIn(said['diff']) ?? '' };
}

/** A single text counts as a list of one. */
function textsIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter((one) => typeof one === 'string') : [];
}

function countIn(value: JsonValue | undefined): number | null {
  return Number.isSafeInteger(value) ? (value as number) : null;
}
