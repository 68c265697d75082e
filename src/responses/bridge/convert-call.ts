import type { JsonObject, JsonValue } from '../../json.js';
import { convertContent, joinedText } from './convert-content.js';
import { textIn } from '../domain/fields.js';
import type { ToolNames } from './tool-names.js';

/** Fields of a call that its place on the chat wire says already. */
const SAID_ELSEWHERE = new Set(['id', 'type', 'status', 'call_id']);

/** A call of any tool that the client answers, as a call of a function. */
export function convertCall(item: JsonObject, names: ToolNames): JsonObject {
  return { id: textIn(item['call_id']) ?? '', type: 'function', function: calledFunction(item, names) };
}

function calledFunction(item: JsonObject, names: ToolNames): JsonObject {
  const name = textIn(item['name']) ?? '';
  const namespace = textIn(item['namespace']);
  if (item['type'] === 'function_call') {
    const sent = textIn(item['arguments']) ?? '';
    // Some upstreams parse the arguments of earlier calls.
    return { name: names.called('function', name, namespace), arguments: sent === '' ? '{}' : sent };
  }
  if (item['type'] === 'custom_tool_call') {
    const input = textIn(item['input']) ?? '';
    return { name: names.called('custom', name, namespace), arguments: JSON.stringify({ input }) };
  }
  const rest = Object.fromEntries(Object.entries(item).filter(([key]) => !SAID_ELSEWHERE.has(key)));
  const type = (textIn(item['type']) ?? '').replace(/_call$/, '');
  return { name: names.called('function', type), arguments: JSON.stringify(rest) };
}

/** The result of a call, and what of it a message of a tool cannot hold. */
export function convertOutput(item: JsonObject): {
  readonly message: JsonObject;
  readonly attachments: readonly JsonObject[];
} {
  const { text, attachments } = outputOf(item);
  const content = text === '' && attachments.length > 0 ? 'The output follows in the next message.' : text;
  return {
    message: { role: 'tool', tool_call_id: textIn(item['call_id']) ?? '', content },
    attachments,
  };
}

function outputOf(item: JsonObject): { readonly text: string; readonly attachments: readonly JsonObject[] } {
  const output: JsonValue | undefined = item['output'] ?? item['tools'];
  if (typeof output === 'string') return { text: output, attachments: [] };
  if (item['type'] === 'function_call_output' || item['type'] === 'custom_tool_call_output') {
    const { parts, attachments } = convertContent(output);
    return { text: joinedText(parts), attachments };
  }
  return {
    text: output === undefined ? (textIn(item['status']) ?? '') : JSON.stringify(output),
    attachments: [],
  };
}
