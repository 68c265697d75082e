import type { JsonObject, JsonValue } from '../../base/json.js';
import type {
  AssistantMessage,
  ContentPart,
  PromptMessage,
  ReasoningPart,
  RefusalPart,
  TextPart,
  ToolCallPart,
  ToolMessage,
} from '../prompt.js';
import { UPSTREAM_FIELDS } from '../text-event.js';
import { wrapped } from './extra.js';
import { writeDetails } from './reasoning-details.js';

/** Replaces a tool output that has no text. */
export const OUTPUT_FOLLOWS = 'The output follows in the next message.';

/** Heading of a tool's output that follows in a user message. */
export function outputOf(callId = ''): string {
  return `Output of tool call ${callId}:`;
}

/** Services want every output directly after the calls, as text; other parts follow in a user message. */
export function writeMessages(messages: readonly PromptMessage[]): readonly JsonObject[] {
  const written: JsonObject[] = [];
  let attached: JsonObject[] = [];
  const putDown = (): void => {
    if (attached.length > 0) written.push({ role: 'user', content: attached });
    attached = [];
  };
  for (const message of messages) {
    if (message.role !== 'tool') putDown();
    written.push(writeMessage(message));
    const attachments = message.role === 'tool' ? message.parts.filter(isAttachment) : [];
    if (message.role !== 'tool' || attachments.length === 0) continue;
    attached.push({ type: 'text', text: outputOf(message.callId) }, ...attachments.map(writePart));
  }
  putDown();
  return written;
}

export function isAttachment({ type }: ContentPart): boolean {
  return type !== 'text';
}

function writeMessage(message: PromptMessage): JsonObject {
  switch (message.role) {
    case 'assistant':
      return writeAssistant(message);
    case 'tool':
      return writeOutput(message);
    default: {
      const { role, name, parts, extra } = message;
      return { role, content: contentOf(parts) ?? '', ...(name !== undefined && { name }), ...extra };
    }
  }
}

function writeOutput({ callId, name, parts, extra }: ToolMessage): JsonObject {
  const content =
    contentOf(parts.filter((part) => !isAttachment(part))) ?? (parts.length > 0 ? OUTPUT_FOLLOWS : '');
  return {
    ...(callId === undefined ? { role: 'function' } : { role: 'tool', tool_call_id: callId }),
    content,
    ...(name !== undefined && { name }),
    ...extra,
  };
}

function writeAssistant({ name, parts, extra }: AssistantMessage): JsonObject {
  const said = parts.filter((part) => part.type === 'text' || part.type === 'refusal');
  const thoughts = parts.filter((part) => part.type === 'reasoning');
  const reasoning = thoughts.filter(hasText);
  const details = writeDetails(thoughts);
  const calls = parts.filter((part) => part.type === 'tool_call');
  const withIds = calls.filter(({ id }) => id !== undefined);
  const without = calls.find(({ id }) => id === undefined);
  return {
    role: 'assistant',
    content: contentOf(said) ?? null,
    ...(name !== undefined && { name }),
    ...(reasoning.length > 0 && { reasoning_content: reasoning.map(({ text }) => text).join('') }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(withIds.length > 0 && { tool_calls: withIds.map(writeCall) }),
    ...(without && { function_call: writeCall(without).function }),
    ...extra,
  };
}

/** Reasoning that is a signature alone has no text to show; without one, it was sent empty. */
function hasText({ text, signature }: ReasoningPart): boolean {
  return text !== '' || signature === undefined;
}

/** A single text is a plain string, which every upstream accepts. Undefined for no parts. */
function contentOf(parts: readonly (ContentPart | RefusalPart)[]): JsonValue | undefined {
  const [first] = parts;
  if (parts.length === 1 && first?.type === 'text' && !first.extra) return first.text;
  return first && parts.map(writePart);
}

function writePart(part: ContentPart | RefusalPart): JsonObject {
  switch (part.type) {
    case 'text':
      return writeText(part);
    case 'refusal':
      return { type: 'refusal', refusal: part.text, ...part.extra };
    case 'image': {
      const { url, detail, extra } = part;
      // The chat wire has no `original`; its closest value is the most detailed one.
      const known = detail === 'original' ? 'high' : detail;
      return wrapped('image_url', { url, ...(known !== undefined && { detail: known }) }, extra);
    }
    case 'audio':
      return wrapped('input_audio', { data: part.data, format: part.format }, part.extra);
    case 'file': {
      const { filename, data, extra } = part;
      const file = {
        ...(filename !== undefined && { filename }),
        ...(data !== undefined && { file_data: data }),
      };
      return wrapped('file', file, extra);
    }
  }
}

function writeText({ text, extra }: TextPart): JsonObject {
  return { type: 'text', text, ...extra };
}

/** Marks the fields of the call's provider as its own; the sender takes them out again. */
export function writeCall({ kind, id, name, arguments: given, owned, extra }: ToolCallPart): JsonObject {
  const called = kind === 'custom' ? { name, input: given } : { name, arguments: given };
  return {
    ...(id !== undefined && { id }),
    ...wrapped(kind, called, extra),
    ...(owned && { [UPSTREAM_FIELDS]: { ...owned } }),
  };
}
