import { isJsonObject, type JsonObject } from '../base/json.js';
import type { AssistantPart, ContentPart, InstructionMessage, Prompt, PromptMessage } from './prompt.js';

/** The field in which a client marks where a part of its prompt ends that is to be cached. */
const FIELD = 'cache_control';

/** A mark for the prompt cache, as services take it. */
export interface CacheMark {
  readonly cache_control?: { readonly type: 'ephemeral'; readonly ttl?: '5m' | '1h' };
}

/** The mark on anything that a client may put one on; none for values that no service knows. */
export function cacheMark(fields: JsonObject | undefined): CacheMark {
  const control = fields?.[FIELD];
  if (!isJsonObject(control) || control['type'] !== 'ephemeral') return {};
  const { ttl } = control;
  return { cache_control: { type: 'ephemeral', ...((ttl === '5m' || ttl === '1h') && { ttl }) } };
}

/** The mark as the `extra` of what it stands on. */
export function markedExtra(fields: JsonObject | undefined): { readonly extra?: JsonObject } {
  const { cache_control: mark } = cacheMark(fields);
  return mark ? { extra: { [FIELD]: { ...mark } } } : {};
}

/** The prompt for a service that takes no marks. What has none stays the same object. */
export function withoutCacheMarks(prompt: Prompt): Prompt {
  return {
    ...withoutMark(prompt),
    messages: prompt.messages.map(withoutMarks),
    tools: prompt.tools.map(withoutMark),
  };
}

function withoutMarks(message: PromptMessage): PromptMessage {
  const parts: readonly (AssistantPart | ContentPart)[] = message.parts;
  if (!hasMark(message) && !parts.some((part) => 'extra' in part && hasMark(part))) return message;
  const unmarked = {
    ...withoutMark(message),
    parts: parts.map((part) => ('extra' in part ? withoutMark(part) : part)),
  } as PromptMessage;
  return unmarked.role === 'system' || unmarked.role === 'developer' ? asOneText(unmarked) : unmarked;
}

/** Only their marks kept the blocks of instructions apart. */
function asOneText(message: InstructionMessage): InstructionMessage {
  const { parts } = message;
  if (parts.length < 2 || parts.some(({ extra }) => extra !== undefined)) return message;
  return { ...message, parts: [{ type: 'text', text: parts.map(({ text }) => text).join('\n\n') }] };
}

interface Extensible {
  readonly extra?: JsonObject | undefined;
}

function hasMark({ extra }: Extensible): boolean {
  return extra !== undefined && FIELD in extra;
}

function withoutMark<Marked extends Extensible>(marked: Marked): Marked {
  if (!hasMark(marked)) return marked;
  const { [FIELD]: _mark, ...extra } = marked.extra ?? {};
  return { ...marked, extra: Object.keys(extra).length === 0 ? undefined : extra };
}
