import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { AssistantPart, ContentPart, OwnedFields, PromptMessage, TextPart } from '../prompt.js';
import { UPSTREAM_FIELDS } from '../text-event.js';
import type { ChatCall, ChatMessage, ChatPart } from './chat-body.js';
import { extraOf, wrappedExtra } from './extra.js';
import { readDetails, withoutSignatures } from './reasoning-details.js';

const SPEAKER = new Set(['role', 'content', 'name']);
const TOOL = new Set([...SPEAKER, 'tool_call_id']);
const ASSISTANT = new Set([...SPEAKER, 'refusal', 'tool_calls', 'function_call', 'reasoning_content']);

const TEXT = new Set(['type', 'text']);
const REFUSAL = new Set(['type', 'refusal']);
const IMAGE = { outside: new Set(['type', 'image_url']), inside: new Set(['url', 'detail']) };
const AUDIO = { outside: new Set(['type', 'input_audio']), inside: new Set(['data', 'format']) };
const FILE = { outside: new Set(['type', 'file']), inside: new Set(['filename', 'file_data']) };

const CALLED = new Set(['name', 'arguments']);
const FUNCTION_CALL = { outside: new Set(['id', 'type', 'function', UPSTREAM_FIELDS]), inside: CALLED };
const CUSTOM_CALL = {
  outside: new Set(['id', 'type', 'custom', UPSTREAM_FIELDS]),
  inside: new Set(['name', 'input']),
};

export function readMessage(message: ChatMessage): PromptMessage {
  const { role, name } = message;
  switch (role) {
    case 'assistant':
      return { role, name, parts: assistantParts(message), extra: assistantExtra(message) };
    case 'user':
      return { role, name, parts: partsOf(message).map(readPart), extra: extraOf(message, SPEAKER) };
    case 'tool':
    case 'function':
      return {
        role: 'tool',
        name,
        callId: role === 'tool' ? message.tool_call_id : undefined,
        parts: partsOf(message).map(readPart),
        extra: extraOf(message, role === 'tool' ? TOOL : SPEAKER),
      };
    default:
      return { role, name, parts: partsOf(message).map(textPart), extra: extraOf(message, SPEAKER) };
  }
}

function partsOf({ content }: ChatMessage): readonly ChatPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content ?? [];
}

function readPart(part: ChatPart): ContentPart {
  switch (part.type) {
    case 'image_url': {
      const { url, detail } = part.image_url;
      return { type: 'image', url, detail, extra: wrappedExtra(part, part.type, IMAGE) };
    }
    case 'input_audio': {
      const { data, format } = part.input_audio;
      return { type: 'audio', data, format, extra: wrappedExtra(part, part.type, AUDIO) };
    }
    case 'file': {
      const { filename, file_data: data } = part.file;
      return { type: 'file', filename, data, extra: wrappedExtra(part, part.type, FILE) };
    }
    default:
      return textPart(part);
  }
}

/** For places that take only text. */
function textPart(part: ChatPart): TextPart {
  return { type: 'text', text: part.type === 'text' ? part.text : '', extra: extraOf(part, TEXT) };
}

function assistantParts(message: ChatMessage): readonly AssistantPart[] {
  const {
    reasoning_content: reasoning,
    reasoning_details: details,
    refusal,
    function_call: called,
  } = message;
  // Signed blocks have the reasoning's text, too.
  const parts: AssistantPart[] = [...readDetails(details)];
  if (parts.length === 0 && typeof reasoning === 'string') parts.push({ type: 'reasoning', text: reasoning });
  for (const part of partsOf(message)) {
    if (part.type !== 'refusal') parts.push(textPart(part));
    else parts.push({ type: 'refusal', text: part.refusal, extra: extraOf(part, REFUSAL) });
  }
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
  for (const call of message.tool_calls ?? []) parts.push(readCall(call));
  if (called)
    parts.push({
      type: 'tool_call',
      kind: 'function',
      name: called.name,
      arguments: called.arguments,
      extra: wrappedExtra({ function: called }, 'function', FUNCTION_CALL),
    });
  return parts;
}

function readCall(call: ChatCall): AssistantPart {
  const { id, [UPSTREAM_FIELDS]: marked } = call;
  const owned = marked === undefined ? undefined : ownedFields(marked);
  if (call.type === 'custom') {
    const { name, input } = call.custom;
    const extra = wrappedExtra(call, 'custom', CUSTOM_CALL);
    return { type: 'tool_call', kind: 'custom', id, name, arguments: input, owned, extra };
  }
  const { name, arguments: given } = call.function;
  const extra = wrappedExtra(call, 'function', FUNCTION_CALL);
  return { type: 'tool_call', kind: 'function', id, name, arguments: given, owned, extra };
}

/** The provider's own fields of a call or an item; undefined when the value has another form. */
export function ownedFields(marked: JsonValue | undefined): OwnedFields | undefined {
  if (!isJsonObject(marked)) return undefined;
  const { provider, fields } = marked;
  return typeof provider === 'string' && isJsonObject(fields) ? { provider, fields } : undefined;
}

function assistantExtra(message: ChatMessage): JsonObject | undefined {
  const extra = extraOf(withoutSignatures(message), ASSISTANT);
  const { reasoning_content: reasoning } = message;
  return reasoning === undefined || typeof reasoning === 'string'
    ? extra
    : { ...extra, reasoning_content: reasoning };
}
