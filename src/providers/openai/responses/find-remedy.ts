import type { JsonObject, JsonValue } from '../../../base/json.js';
import { objectIn } from '../../../base/json-fields.js';
import type { ReadError } from '../../read-error.js';
import type { Remedy } from '../../text/remedy.js';
import { hasOwnText } from '../own-text.js';
import { saysUnknown } from '../find-remedy.js';
import { EFFORT, ENCRYPTED_REASONING, REASONING_SUMMARY, VERBOSITY } from './request/convert-request.js';

/** Only this many characters of a message are read. */
const MAX_READ = 4_096;

/** How a refusal of encrypted reasoning begins where it has no code; the reasoning itself follows. */
const WRONG_REASONING = /^The encrypted content\b/;

/** A model that does not reason: https://github.com/pydantic/pydantic-ai/issues/2865. */
const NO_ENCRYPTION = /^Encrypted content is not supported\b/;

interface Hint {
  /** How services name it, as a path in the request. */
  readonly path: string;
  /** Names in a profile's `omitFields`. */
  readonly omits: (value: JsonValue) => readonly string[];
}

const byName = (path: string): Hint => ({ path, omits: () => [path] });
const byValue = (path: string): Hint => ({
  path,
  omits: (value) => (typeof value === 'object' ? [] : [`${path}=${value}`]),
});

/**
 * Hints of the client and additions of the gateway: a call without them is the same call. A model that does not
 * encrypt its reasoning has no reasoning to sum up either.
 */
const HINTS: readonly Hint[] = [
  { path: 'include', omits: () => [ENCRYPTED_REASONING, REASONING_SUMMARY] },
  byName(REASONING_SUMMARY),
  byValue(EFFORT.path),
  byValue(VERBOSITY.path),
  ...['prompt_cache_key', 'safety_identifier', 'user', 'parallel_tool_calls'].map(byName),
];

/** Parameters whose default is 1 wherever they are accepted. */
const ONE_IS_DEFAULT = ['temperature', 'top_p'].map(byValue);

/** Whether a refusal says that the upstream cannot read the encrypted reasoning of the request. */
export function saysWrongReasoning(status: number, { words, message = '' }: ReadError): boolean {
  return status === 400 && (words.includes('invalid_encrypted_content') || WRONG_REASONING.test(message));
}

/**
 * A change with which the same target may accept a request that it refused with 400 or 422: it leaves out what is not
 * needed. A name counts where names stand, and in the message if it is in quotes and no text of the request has it.
 * Undefined when no remedy is known.
 */
export function findRemedy(status: number, read: ReadError, body: JsonObject): Remedy | undefined {
  if (status !== 400 && status !== 422) return undefined;
  const isNamed = ({ path }: Hint): boolean => valueAt(body, path) !== undefined && names(read, body, path);
  const hint =
    HINTS.find(isNamed) ?? ONE_IS_DEFAULT.find((each) => valueAt(body, each.path) === 1 && isNamed(each));
  const value = hint && valueAt(body, hint.path);
  return hint && value !== undefined ? { omitFields: hint.omits(value) } : undefined;
}

/** Whether the remedy is right for every later request to the model: where the field is not known there at all. */
export function isLasting(read: ReadError, body: JsonObject): boolean {
  return (
    NO_ENCRYPTION.test(read.message ?? '') ||
    saysUnknown(read, (said) => inOwnText(body, (text) => text.includes(said)))
  );
}

/** Everything but the vocabulary of messages is the client's own. */
function inOwnText({ input, ...body }: JsonObject, matches: (text: string) => boolean): boolean {
  return hasOwnText({ ...body, messages: input }, matches);
}

function valueAt(body: JsonObject, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((value, name) => objectIn(value)[name], body);
}

function names({ fields, message = '' }: ReadError, body: JsonObject, path: string): boolean {
  const named = fields
    .map((field) => field.replace(/^body\./, ''))
    .filter((field) => Object.hasOwn(body, field.split(/[.[]/, 1)[0] ?? ''));
  if (named.length > 0) return named.some((field) => isAt(field, path));
  const pattern = new RegExp(`["'\`](?:body\\.)?${path.replaceAll('.', '\\.')}["'\`]`);
  if (!pattern.test(message.slice(0, MAX_READ))) return false;
  return !inOwnText(body, (text) => text.trim() === path || pattern.test(text));
}

function isAt(field: string, path: string): boolean {
  return field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`);
}
