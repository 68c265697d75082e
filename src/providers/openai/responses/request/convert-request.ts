import type { Target } from '../../../../catalog/model.js';
import type { Profile } from '../../../../catalog/profile.js';
import type { JsonObject, JsonValue } from '../../../../base/json.js';
import type { Prompt } from '../../../../text/prompt.js';
import { hashed } from '../../../hashed.js';
import type { TextRequest } from '../../../text/text-request.js';
import { isOmitted } from '../../convert-request.js';
import { convertMessages, type ReasoningSource } from './convert-messages.js';
import { convertFormat, convertToolChoice, convertTools, customNames } from './convert-tools.js';

/** What the gateway adds, by the names in a profile's `omitFields`. Not every model knows them. */
export const ENCRYPTED_REASONING = 'reasoning.encrypted_content';
export const REASONING_SUMMARY = 'reasoning.summary';

/** Fields inside others on this wire, with the names by which profiles know them. */
export const EFFORT = { path: 'reasoning.effort', chat: 'reasoning_effort' } as const;
export const VERBOSITY = { path: 'text.verbosity', chat: 'verbosity' } as const;

/** OpenAI refuses a lower limit: https://platform.openai.com/docs/api-reference/responses/create. */
const LEAST_OUTPUT_TOKENS = 16;

/** Fields that the gateway decides about, or that would refer to something in the operator's account. */
const OWN: ReadonlySet<string> = new Set([
  ...['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_tool_calls'],
  ...['text', 'reasoning', 'include', 'max_output_tokens', 'temperature', 'top_p', 'top_logprobs'],
  ...['service_tier', 'user', 'safety_identifier', 'prompt_cache_key', 'metadata', 'store', 'stream'],
  ...['stream_options', 'previous_response_id', 'conversation', 'background', 'prompt', 'truncation'],
  ...['context_management', 'logit_bias', 'prediction', 'functions', 'function_call', 'modalities', 'audio'],
  '__proto__',
]);

export interface ConvertedRequest {
  readonly body: JsonObject;
  /** The signatures in it, as the client has them. */
  readonly signatures: readonly string[];
}

/**
 * The body for the upstream, which keeps nothing (`store: false`): the conversation goes up whole, and the same prompt
 * gives the same text.
 *
 * @param profile what the target accepts, as far as it is known
 * @param affinity of the call; goes up in place of the client's `prompt_cache_key`
 */
export function convertRequest(
  request: TextRequest,
  { provider, upstreamModel }: Target,
  source: ReasoningSource,
  profile: Profile,
  affinity: () => string,
): ConvertedRequest {
  const { prompt, stream, outputCapTokens } = request;
  const customs = customNames(prompt);
  const { items, signatures } = convertMessages(prompt.messages, source, profile, customs);
  const body: Record<string, JsonValue> = { model: upstreamModel, input: items };
  const put = (field: string, value: JsonValue | undefined): void => {
    if (value !== undefined && !isOmitted(profile, field, value)) body[field] = value;
  };
  putTools(prompt, customs, put);
  put('text', textOptions(prompt, profile));
  put('reasoning', reasoningOptions(prompt, profile));
  put('include', included(prompt, profile));
  put('max_output_tokens', outputCapTokens && Math.max(outputCapTokens, LEAST_OUTPUT_TOKENS));
  put('temperature', prompt.sampling.temperature);
  put('top_p', prompt.sampling.topP);
  put('top_logprobs', prompt.logprobs === 0 ? undefined : prompt.logprobs);
  put('service_tier', prompt.serviceTier === 'auto' ? undefined : prompt.serviceTier);
  putIdentifiers(request, profile, affinity, put);
  for (const field of provider.passFields) {
    if (!OWN.has(field) && Object.hasOwn(prompt.extra ?? {}, field)) put(field, prompt.extra?.[field]);
  }
  body['store'] = false;
  body['stream'] = stream;
  return { body, signatures };
}

type Put = (field: string, value: JsonValue | undefined) => void;

function putTools(prompt: Prompt, customs: ReadonlySet<string>, put: Put): void {
  const tools = convertTools(prompt);
  if (tools.length === 0) return;
  put('tools', tools);
  put('tool_choice', prompt.toolChoice && convertToolChoice(prompt.toolChoice, customs));
  put('max_tool_calls', prompt.hosted?.maxCalls);
  put('parallel_tool_calls', prompt.parallelToolCalls);
}

/** The account's name for what the client calls its users and its conversation. */
function putIdentifiers(
  { prompt, account }: TextRequest,
  profile: Profile,
  affinity: () => string,
  put: Put,
): void {
  const { user, safetyIdentifier, promptCacheKey } = prompt.hints;
  if (user) put('user', hashed(account, user));
  if (safetyIdentifier) put('safety_identifier', hashed(account, safetyIdentifier));
  // A service that keeps its cache per server finds it by this field, whatever header it has on the chat wire:
  // https://docs.x.ai/developers/advanced-api-usage/prompt-caching/maximizing-cache-hits.
  const isPinned = profile.promptCacheKey === 'always' || profile.affinityHeader !== undefined;
  if (promptCacheKey || isPinned) put('prompt_cache_key', affinity());
}

function textOptions({ format, verbosity }: Prompt, profile: Profile): JsonObject | undefined {
  const asked = convertFormat(format);
  const isVerbosity = verbosity !== undefined && !isOmittedAs(profile, VERBOSITY, verbosity);
  if (!asked && !isVerbosity) return undefined;
  return { ...(asked && { format: asked }), ...(isVerbosity && { verbosity }) };
}

function reasoningOptions(prompt: Prompt, profile: Profile): JsonObject | undefined {
  const { reasoningEffort: effort, reasoningSummary: asked } = prompt;
  const isEffort = effort !== undefined && !isOmittedAs(profile, EFFORT, effort);
  const byDefault = isEffort && effort !== 'none' ? 'auto' : 'none';
  const summary = asked ?? byDefault;
  const isSummary = summary !== 'none' && !isOmitted(profile, REASONING_SUMMARY, summary);
  if (!isEffort && !isSummary) return undefined;
  return { ...(isEffort && { effort }), ...(isSummary && { summary }) };
}

function included({ logprobs, hosted }: Prompt, profile: Profile): JsonValue | undefined {
  const fields = [
    ...(profile.omitFields.includes(ENCRYPTED_REASONING) ? [] : [ENCRYPTED_REASONING]),
    ...(logprobs === undefined ? [] : ['message.output_text.logprobs']),
    ...(hosted?.include ?? []),
  ];
  return fields.length === 0 ? undefined : fields;
}

function isOmittedAs(
  profile: Profile,
  { path, chat }: { readonly path: string; readonly chat: string },
  value: string,
): boolean {
  return isOmitted(profile, path, value) || isOmitted(profile, chat, value);
}
