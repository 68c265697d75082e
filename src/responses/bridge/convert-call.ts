import { isJsonObject, type JsonObject } from '../../base/json.js';
import { ownedFields } from '../../text/chat-wire/read-message.js';
import type { ContentPart, ToolCallPart, ToolMessage } from '../../text/prompt.js';
import { UPSTREAM_FIELDS } from '../../text/text-event.js';
import { CLIENT_TOOLS, clientToolCalledBy } from '../domain/client-tools.js';
import { objectsIn, textIn } from '../../base/json-fields.js';
import { convertContent, isText } from './convert-content.js';
import { namesOf } from './convert-tools.js';
import type { ToolNames } from './tool-names.js';

/** Converts a call of any tool that the client answers to a function call. */
export function convertCall(item: JsonObject, names: ToolNames): ToolCallPart {
  return {
    type: 'tool_call',
    kind: 'function',
    id: textIn(item['call_id']) ?? '',
    ...calledFunction(item, names),
    owned: ownedFields(item[UPSTREAM_FIELDS]),
  };
}

function calledFunction(item: JsonObject, names: ToolNames): Pick<ToolCallPart, 'name' | 'arguments'> {
  const name = textIn(item['name']) ?? '';
  const namespace = textIn(item['namespace']);
  const named = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (item['type'] === 'function_call') {
    const sent = textIn(item['arguments']) ?? '';
    // Some upstreams parse the arguments of earlier calls.
    return { name: names.called({ type: 'function', ...named }), arguments: sent === '' ? '{}' : sent };
  }
  if (item['type'] === 'custom_tool_call') {
    const input = textIn(item['input']) ?? '';
    return { name: names.called({ type: 'custom', ...named }), arguments: JSON.stringify({ input }) };
  }
  const type = clientToolCalledBy(item);
  if (!type) throw new TypeError('not a call of a tool that a client runs');
  return {
    name: names.called({ type, name: type }),
    arguments: JSON.stringify(CLIENT_TOOLS[type].arguments(item)),
  };
}

/** The result of a call: all its text in one part, then the other parts. */
export function convertOutput(call: JsonObject, output: JsonObject, names: ToolNames): ToolMessage {
  const parts = contentOf(output, names);
  const text = parts
    .filter(isText)
    .map((part) => part.text)
    .join('\n');
  const attachments = parts.filter((part) => !isText(part));
  return {
    role: 'tool',
    callId: textIn(call['call_id']) ?? '',
    parts: text === '' && attachments.length > 0 ? attachments : [{ type: 'text', text }, ...attachments],
  };
}

function contentOf(item: JsonObject, names: ToolNames): readonly ContentPart[] {
  const { type, output } = item;
  switch (type) {
    case 'apply_patch_call_output':
      return convertContent([textIn(item['status']), textIn(output)].filter(Boolean).join(': '));
    case 'tool_search_output': {
      const loaded = namesOf(objectsIn(item['tools']), names);
      return convertContent(loaded.length === 0 ? 'No tools were found.' : `Loaded: ${loaded.join(', ')}`);
    }
    case 'computer_call_output':
      return convertContent([{ ...(isJsonObject(output) ? output : {}), type: 'input_image' }]);
    case 'shell_call_output':
      return convertContent(typeof output === 'string' ? output : JSON.stringify(output ?? []));
    default:
      return convertContent(output);
  }
}
