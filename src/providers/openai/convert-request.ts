import { createHash } from 'node:crypto';
import type { Target } from '../../catalog/model.js';
import type { JsonObject, JsonValue } from '../../json.js';
import type { TextRequest } from '../text/text-request.js';

/** Request fields that go up as they came. */
const FORWARDED = [
  'messages',
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

/** Names of the client's own users: an upstream may tell them apart, but not read them. */
const HASHED = ['user', 'safety_identifier', 'prompt_cache_key'] as const;

/** Fields that the gateway decides about; `pass_fields` does not reach them. */
const OWN: ReadonlySet<string> = new Set([
  ...FORWARDED,
  ...HASHED,
  'model',
  'stream',
  'stream_options',
  'store',
  'metadata',
  'audio',
  'max_tokens',
  'max_completion_tokens',
]);

/** Values that ask for nothing, whichever upstream it is; some upstreams refuse even these. */
const NEUTRAL: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['n', 1],
  ['presence_penalty', 0],
  ['frequency_penalty', 0],
  ['logprobs', false],
  ['service_tier', 'auto'],
]);

/** The body for the upstream. What is not named here or in the provider's `pass_fields` stays here. */
export function convertRequest(request: TextRequest, target: Target): JsonObject {
  const { chat, stream, outputCapTokens, account } = request;
  const { provider, upstreamModel } = target;
  const body: Record<string, JsonValue> = { model: upstreamModel };
  for (const field of FORWARDED) {
    const value = chat[field];
    if (value !== undefined && value !== null && !asksForNothing(field, value)) body[field] = value;
  }
  for (const field of HASHED) {
    const value = chat[field];
    if (typeof value === 'string') body[field] = hashed(account, value);
  }
  for (const field of provider.passFields) {
    if (OWN.has(field) || field === '__proto__' || !Object.hasOwn(chat, field)) continue;
    const value = chat[field];
    if (value !== undefined && value !== null) body[field] = value;
  }
  if (outputCapTokens !== undefined) body[provider.tokenLimitField] = outputCapTokens;
  body.store = false;
  body.stream = stream;
  if (stream) body.stream_options = { include_usage: true };
  return body;
}

function asksForNothing(field: string, value: JsonValue): boolean {
  if (field === 'modalities') return Array.isArray(value) && value.length === 1 && value[0] === 'text';
  return NEUTRAL.get(field) === value;
}

/** 64 hexadecimal digits; the same name of two accounts is two names upstream. */
function hashed(account: string, value: string): string {
  return createHash('sha256').update(`${account}\0${value}`).digest('hex');
}
