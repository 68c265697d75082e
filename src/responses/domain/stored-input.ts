import type { JsonObject } from '../../json.js';

export type InputItemPrefix = 'msg' | 'fc' | 'ctc' | 'rs' | 'cmp' | 'item';

const PREFIXES: Readonly<Record<string, InputItemPrefix>> = {
  message: 'msg',
  function_call: 'fc',
  custom_tool_call: 'ctc',
  reasoning: 'rs',
  compaction: 'cmp',
};

/** An input item as it is kept and listed: with an id, and a message with parts and a status. */
export function storedInput(
  item: JsonObject,
  newItemId: (prefix: InputItemPrefix) => string,
): JsonObject & { readonly id: string } {
  const { id, type } = item;
  const known = typeof id === 'string' && id !== '' ? id : undefined;
  const kept = {
    ...item,
    id: known ?? newItemId((typeof type === 'string' ? PREFIXES[type] : undefined) ?? 'item'),
  };
  return type === 'message'
    ? { ...kept, status: item['status'] ?? 'completed', content: partsOf(item) }
    : kept;
}

function partsOf({ role, content }: JsonObject): NonNullable<JsonObject[string]> {
  if (typeof content !== 'string') return content ?? [];
  return role === 'assistant'
    ? [{ type: 'output_text', text: content, annotations: [], logprobs: [] }]
    : [{ type: 'input_text', text: content }];
}
