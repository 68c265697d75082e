import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { CLIENT_TOOLS, clientToolCalledBy } from './client-tools.js';
import type { OutputItemPrefix } from './item.js';

export type InputItemPrefix = OutputItemPrefix | 'cmp' | 'item';

const PREFIXES: ReadonlyMap<unknown, InputItemPrefix> = new Map([
  ['message', 'msg'],
  ['function_call', 'fc'],
  ['custom_tool_call', 'ctc'],
  ['reasoning', 'rs'],
  ['compaction', 'cmp'],
]);

/** An input item as it is stored and listed: with an id, a status and, in its parts, all fields that readers expect. */
export function storedInput(
  item: JsonObject,
  newItemId: (prefix: InputItemPrefix) => string,
): JsonObject & { readonly id: string } {
  const { id, type, role, status = 'completed', content, output } = item;
  const known = typeof id === 'string' && id !== '' ? id : undefined;
  const isText = type === 'message' && typeof content === 'string';
  const said = isText
    ? [{ type: role === 'assistant' ? 'output_text' : 'input_text', text: content }]
    : content;
  return {
    ...item,
    id: known ?? newItemId(prefixOf(item)),
    status,
    ...(Array.isArray(said) && { content: wholeParts(said) }),
    ...(Array.isArray(output) && { output: wholeParts(output) }),
  };
}

function prefixOf(item: JsonObject): InputItemPrefix {
  const tool = clientToolCalledBy(item);
  return PREFIXES.get(item['type']) ?? (tool ? CLIENT_TOOLS[tool].prefix : 'item');
}

function wholeParts(parts: readonly JsonValue[]): readonly JsonValue[] {
  return parts.map((part) => {
    if (!isJsonObject(part)) return part;
    if (part['type'] === 'output_text') return { annotations: [], logprobs: [], ...part };
    return part['type'] === 'input_image' ? { detail: 'auto', ...part } : part;
  });
}
