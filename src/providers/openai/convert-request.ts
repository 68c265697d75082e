import type { Target } from '../../catalog/model.js';
import type { Profile } from '../../catalog/profile.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { isEmpty } from '../../base/json-fields.js';
import { lazyAffinityOf } from '../affinity.js';
import { withoutCacheMarks } from '../../text/cache-mark.js';
import { writeChat } from '../../text/chat-wire/write-chat.js';
import type { Prompt } from '../../text/prompt.js';
import type { TextRequest } from '../text/text-request.js';
import { demandsSignatures } from '../text/gemini-signatures.js';
import { fitMessages } from './fit-messages.js';
import { fitSignatures } from './fit-signatures.js';
import { withOwnFields } from './own-fields.js';
import { hashed } from '../hashed.js';

/** Request fields that are forwarded unchanged. */
const FORWARDED = [
  'temperature',
  'top_p',
  'n',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'seed',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'verbosity',
  'service_tier',
  'modalities',
  'prediction',
  'web_search_options',
  'functions',
  'function_call',
] as const;

/** Identifiers of the client's own users: an upstream may tell them apart, but not read them. */
const HASHED = ['user', 'safety_identifier'] as const;

/** Fields that the gateway decides about; `pass_fields` does not apply to them. */
const OWN: ReadonlySet<string> = new Set([
  ...FORWARDED,
  ...HASHED,
  'prompt_cache_key',
  'model',
  'messages',
  'stream',
  'stream_options',
  'store',
  'metadata',
  'audio',
  'max_tokens',
  'max_completion_tokens',
]);

/** Fields that concern only the tools or functions. */
const OF_TOOLS: ReadonlyMap<string, string> = new Map([
  ['tool_choice', 'tools'],
  ['parallel_tool_calls', 'tools'],
  ['function_call', 'functions'],
]);

/** Values that have no effect at any upstream; some upstreams refuse even these. */
const NEUTRAL: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['n', 1],
  ['presence_penalty', 0],
  ['frequency_penalty', 0],
  ['logprobs', false],
  ['service_tier', 'auto'],
]);

/**
 * The body for the upstream. Fields that are not named here or in the provider's `pass_fields` are not sent. `store`
 * is never sent: its absence means `false` to every service, and some refuse the field.
 *
 * @param profile what the target accepts, as far as it is known
 * @param affinity of the call; goes up in place of the client's `prompt_cache_key`
 */
export function convertRequest(
  request: TextRequest,
  { provider, upstreamModel }: Target,
  profile: Profile = provider,
  affinity: () => string = lazyAffinityOf(request),
): JsonObject {
  const { prompt, stream, outputCapTokens, account } = request;
  const chat = withOwnFields(prompt.chatBody ?? chatOf(prompt, profile), provider);
  const messages: readonly JsonValue[] = Array.isArray(chat['messages']) ? chat['messages'] : [];
  const fitted = fitMessages(messages, profile);
  const isDemanded = profile.callSignatures && demandsSignatures(upstreamModel);
  const body: Record<string, JsonValue> = {
    model: upstreamModel,
    messages: isDemanded ? fitSignatures(fitted) : fitted,
  };
  const put = (field: string, value: JsonValue | undefined): void => {
    if (value !== undefined && value !== null && !isOmitted(profile, field, value)) body[field] = value;
  };
  for (const field of FORWARDED) {
    // The client's value is forwarded, except for the one hint that is fitted to the model.
    const value = field === 'reasoning_effort' ? prompt.reasoningEffort : chat[field];
    if (!asksForNothing(chat, field, value)) put(field, value);
  }
  for (const field of HASHED) {
    const value = chat[field];
    if (typeof value === 'string' && value !== '') put(field, hashed(account, value));
  }
  if (prompt.hints.promptCacheKey || profile.promptCacheKey === 'always') put('prompt_cache_key', affinity());
  if (profile.cacheControl) put('cache_control', chat['cache_control']);
  for (const field of provider.passFields) {
    if (!OWN.has(field) && field !== '__proto__' && Object.hasOwn(chat, field)) put(field, chat[field]);
  }
  put(profile.tokenLimitField, outputCapTokens);
  body.stream = stream;
  if (stream) put('stream_options', { include_usage: true });
  return body;
}

function chatOf(prompt: Prompt, { cacheControl }: Profile): JsonObject {
  return writeChat(cacheControl ? prompt : withoutCacheMarks(prompt));
}

/** @param value the field's value: a profile may omit only some values of a field */
export function isOmitted({ omitFields }: Profile, field: string, value: JsonValue): boolean {
  if (omitFields.length === 0) return false;
  return omitFields.includes(field) || (isScalar(value) && omitFields.includes(`${field}=${String(value)}`));
}

function asksForNothing(chat: JsonObject, field: string, value: JsonValue | undefined): boolean {
  const about = OF_TOOLS.get(field);
  if (about !== undefined) return isEmpty(chat[about]);
  switch (field) {
    case 'tools':
    case 'functions':
    case 'logit_bias':
    case 'stop':
      return isEmpty(value);
    case 'modalities':
      return Array.isArray(value) && value.length === 1 && value[0] === 'text';
    case 'response_format':
      return isJsonObject(value) && value['type'] === 'text';
    case 'top_logprobs':
      return value === 0 && chat['logprobs'] !== true;
    default:
      return value !== undefined && NEUTRAL.get(field) === value;
  }
}

function isScalar(value: JsonValue): value is string | number | boolean {
  return typeof value !== 'object';
}
