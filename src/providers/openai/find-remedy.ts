import type { Profile } from '../../catalog/profile.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { Remedy } from '../text/remedy.js';
import type { ReadError } from '../read-error.js';
import { hasOwnText } from './own-text.js';

/** Only this many characters of a message are read. */
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
  'encoding_format',
] as const;

/** Hints of which a service may know only some values: one unknown value is no reason to leave out all. */
const BY_VALUE: ReadonlySet<string> = new Set(['verbosity', 'reasoning_effort']);

/** Fields whose default is 1 wherever they are accepted. */
const ONE_IS_DEFAULT = ['temperature', 'top_p'] as const;

/**
 * Mistral's codes and types that show the remedy: https://github.com/anomalyco/opencode/issues/1680 and
 * https://github.com/LibreChat-AI/agents/issues/344.
 */
const BY_WORD: ReadonlyMap<string, Remedy> = new Map<string, Remedy>([
  ['invalid_function_call', { toolCallIds: 'nine' }],
  ['3280', { toolCallIds: 'nine' }],
  ['invalid_request_message_order', { assistantAfterTools: true }],
  ['3230', { assistantAfterTools: true }],
]);

/** Codes and types for a field that is not known, whatever its value. */
const UNKNOWN_FIELD: ReadonlySet<string> = new Set([
  'unsupported_parameter',
  'unknown_parameter',
  'unrecognized_request_argument',
]);

/** Wordings of the same in messages of Google, Groq, Cerebras, OpenAI and FastAPI. */
const SAYS_UNKNOWN =
  /\b(?:unknown|unrecognized|unsupported|unexpected|extra) (?:[a-z]+ )?(?:names?|fields?|parameters?|propert(?:y|ies)|arguments?|keys?|inputs?)\b|\b(?:property|parameter|field|argument) ['"`][\w.]+['"`] is (?:unsupported|unknown|not (?:supported|permitted|allowed))|\bunexpected keyword\b/i;

/** A field that is refused only beside another field, or in a certain case, is known. */
const SAYS_WHEN = /\b(?:when|while|if|unless|together|combin\w+|with(?! this model)|without)\b/i;

/**
 * A change with which the same target may accept a request that it refused with 400 or 422: it omits a field that is
 * not needed, or adds a missing one. Several services name the field only in their message, so the message is
 * searched for our own names, and for nothing else. A name in the request's own text does not count. Undefined when
 * no remedy is known, or when the profile already had it.
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

/**
 * Whether a remedy for this refusal is right for every later request to the model: only where the field itself is not
 * known, or where the remedy loses nothing of a request. A refused value or combination says nothing about others.
 */
export function isLasting(read: ReadError, body: JsonObject, remedy: Remedy): boolean {
  const isLossless =
    remedy.omitFields === undefined &&
    remedy.tokenLimitField === undefined &&
    remedy.reasoningContent !== 'never';
  if (isLossless) return true;
  return saysUnknown(read, (said) => hasOwnText(body, (text) => text.includes(said)));
}

/**
 * Whether a refusal says that a field is not known at all, whatever its value and whatever stands beside it.
 *
 * @param isOwnText whether these words of its message are the request's own
 */
export function saysUnknown(read: ReadError, isOwnText: (said: string) => boolean): boolean {
  const message = messageOf(read);
  if (SAYS_WHEN.test(message)) return false;
  if (isExtra(read) || read.words.some((word) => UNKNOWN_FIELD.has(word))) return true;
  const [said] = SAYS_UNKNOWN.exec(message) ?? [];
  return said !== undefined && !isOwnText(said);
}

/** A service that names the field either misses it or refuses it; the request that it got shows which. */
function reasoningRemedy(read: ReadError, body: JsonObject, profile: Profile): Remedy | undefined {
  if (!names(read, body, 'reasoning_content')) return undefined;
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

/**
 * Never changes the field because of a value: a service that does not know the other field would have no limit at
 * all.
 */
function tokenLimitRemedy(read: ReadError, body: JsonObject): Remedy | undefined {
  if (body['max_tokens'] !== undefined) {
    const isUnknown = read.param === 'max_tokens' && read.words.some((word) => UNKNOWN_FIELD.has(word));
    return isUnknown ? { tokenLimitField: 'max_completion_tokens' } : undefined;
  }
  const isNamed = body['max_completion_tokens'] !== undefined && names(read, body, 'max_completion_tokens');
  return isNamed && !names(read, body, 'max_tokens') ? { tokenLimitField: 'max_tokens' } : undefined;
}

function withoutField(read: ReadError, body: JsonObject): Remedy | undefined {
  const field =
    OPTIONAL.find((name) => body[name] !== undefined && names(read, body, name)) ??
    ONE_IS_DEFAULT.find((name) => body[name] === 1 && names(read, body, name));
  if (field === undefined) return undefined;
  const value = body[field];
  const isByValue = value === 1 || (typeof value === 'string' && BY_VALUE.has(field));
  return { omitFields: [isByValue ? `${field}=${value}` : field] };
}

/**
 * Whether an error names a field of ours: in a place for names or, where no such place names any field of the
 * request, in its message. In a message, a name that could be a word must be in quotes, and a name that the request's
 * own text has does not count, since the message may repeat that text.
 */
function names(read: ReadError, body: JsonObject, name: string): boolean {
  const paths = read.fields
    .map((field) => field.replace(/^body\./, '').split(/[^A-Za-z0-9_]+/))
    .filter(([top = '']) => Object.hasOwn(body, top));
  if (paths.length > 0)
    return paths.some(([top, ...below]) => top === name || (top === 'messages' && below.at(-1) === name));
  const isWord = !name.includes('_');
  const pattern = new RegExp(
    isWord ? `(?<!role )["'\`](?:body\\.)?${name}["'\`]` : `(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`,
  );
  if (!pattern.test(messageOf(read))) return false;
  return !hasOwnText(body, (text) =>
    isWord ? text.trim() === name || pattern.test(text) : text.includes(name),
  );
}

function messageOf({ message = '' }: ReadError): string {
  return message.slice(0, MAX_READ);
}

function messagesOf({ messages }: JsonObject): readonly JsonObject[] {
  return Array.isArray(messages) ? (messages as readonly JsonValue[]).filter(isJsonObject) : [];
}
