import type { Profile } from '../../catalog/profile.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js';
import type { Remedy } from '../text/remedy.js';
import type { ReadError } from '../read-error.js';

/** So much of a message is looked at. */
const MAX_READ = 4_096;

/** Hints of the client and additions of the gateway: a call without them is the same call. */
const OPTIONAL = [
  'prompt_cache_key',
  'safety_identifier',
  'user',
  'parallel_tool_calls',
  'stream_options',
  'verbosity',
  'reasoning_effort',
] as const;

/** Hints of which a service may know some values and not others: one of these is no reason to leave out all. */
const BY_VALUE: ReadonlySet<string> = new Set(['verbosity', 'reasoning_effort']);

/** They are the default where they are taken at all. */
const ONE_IS_DEFAULT = ['temperature', 'top_p'] as const;

/**
 * Codes and types of Mistral's that say what it wants: https://github.com/anomalyco/opencode/issues/1680 and
 * https://github.com/LibreChat-AI/agents/issues/344.
 */
const BY_WORD: ReadonlyMap<string, Remedy> = new Map<string, Remedy>([
  ['invalid_function_call', { toolCallIds: 'nine' }],
  ['3280', { toolCallIds: 'nine' }],
  ['invalid_request_message_order', { assistantAfterTools: true }],
  ['3230', { assistantAfterTools: true }],
]);

/** Codes and types that say that a field is not known, whatever its value. */
const UNKNOWN_FIELD: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'unknown_parameter',
  'unrecognized_request_argument',
]);

/**
 * What may make the same target take what it has refused with 400 or 422: without a field that is not needed, or with one
 * that it misses. Several services name the field in their message alone, so our own names are looked for there, and
 * nothing else is. Undefined when nothing is known, or the profile had it that way already.
 */
export function findRemedy(
  status: number,
  read: ReadError,
  body: JsonObject,
  profile: Profile,
): Remedy | undefined {
  if (status !== 400 && status !== 422) return undefined;
  const byWord = read.words.map((word) => BY_WORD.get(word)).find((remedy) => remedy !== undefined);
  if (byWord)
    return Object.entries(byWord).some(([key, value]) => profile[key as keyof Profile] !== value)
      ? byWord
      : undefined;
  return reasoningRemedy(read, body, profile) ?? tokenLimitRemedy(read, body) ?? withoutField(read, body);
}

/** A service that names the field either misses it or does not want it, and which of both shows in what it got. */
function reasoningRemedy(read: ReadError, body: JsonObject, profile: Profile): Remedy | undefined {
  if (!names(read, 'reasoning_content')) return undefined;
  const turns = messagesOf(body).filter(({ role }) => role === 'assistant');
  const had = turns.filter((turn) => turn['reasoning_content'] !== undefined).length;
  const reasoningContent = had < turns.length && !isExtra(read) ? 'always' : 'never';
  return turns.length === 0 || profile.reasoningContent === reasoningContent
    ? undefined
    : { reasoningContent };
}

/** FastAPI's word for a field that should not be there. */
function isExtra({ error }: ReadError): boolean {
  const { detail } = error;
  return (
    Array.isArray(detail) &&
    (detail as readonly JsonValue[]).some(
      (entry) => isJsonObject(entry) && entry['type'] === 'extra_forbidden',
    )
  );
}

/** Never to another field because of a value: one that does not know the other field would have no limit at all. */
function tokenLimitRemedy(read: ReadError, body: JsonObject): Remedy | undefined {
  if (body['max_tokens'] !== undefined) {
    const isUnknown = read.param === 'max_tokens' && read.words.some((word) => UNKNOWN_FIELD.has(word));
    return isUnknown ? { tokenLimitField: 'max_completion_tokens' } : undefined;
  }
  const isNamed = body['max_completion_tokens'] !== undefined && names(read, 'max_completion_tokens');
  return isNamed && !names(read, 'max_tokens') ? { tokenLimitField: 'max_tokens' } : undefined;
}

function withoutField(read: ReadError, body: JsonObject): Remedy | undefined {
  const field =
    OPTIONAL.find((name) => body[name] !== undefined && names(read, name)) ??
    ONE_IS_DEFAULT.find((name) => body[name] === 1 && names(read, name));
  if (field === undefined) return undefined;
  const value = body[field];
  const isByValue = value === 1 || (typeof value === 'string' && BY_VALUE.has(field));
  return { omitFields: [isByValue ? `${field}=${value}` : field] };
}

/**
 * Whether an error names a field of ours: in a place for names, or in its message, where a name that could be a word has
 * to be in quotes.
 */
function names({ fields, message }: ReadError, name: string): boolean {
  if (fields.some((field) => field.split(/[^A-Za-z0-9_]+/).includes(name))) return true;
  const isWord = !name.includes('_');
  const pattern = isWord
    ? `(?<!role )["'\`](?:body\\.)?${name}["'\`]`
    : `(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`;
  return new RegExp(pattern).test((message ?? '').slice(0, MAX_READ));
}

function messagesOf({ messages }: JsonObject): readonly JsonObject[] {
  return Array.isArray(messages) ? (messages as readonly JsonValue[]).filter(isJsonObject) : [];
}
