import type { OutputConfig } from '@anthropic-ai/sdk/resources/messages';
import type { Target } from '../../../catalog/model.js';
import type { Profile } from '../../../catalog/profile.js';
import type { AnswerFormat, Prompt, Sampling } from '../../../text/prompt.js';
import { hashed } from '../../hashed.js';
import type { TextRequest } from '../../text/text-request.js';
import type { MessagesBody, Sampling as WireSampling } from '../messages-wire.js';
import { setBreakpoints, type BreakpointMode } from './cache-breakpoints.js';
import { convertMessages } from './convert-messages.js';
import { convertTools } from './convert-tools.js';
import { fitSchema } from './fit-schema.js';
import type { ThinkingSource } from './thinking-blocks.js';
import { convertThinking, thinkingStyle, type Thinking } from './thinking.js';
import { allowsThinking } from './turns.js';
import { passedFields } from './unsupported.js';

/** Names in a profile's `omitFields` of hints and additions that a service was found not to take. */
export const NO_STRICT = 'tools.strict';
export const NO_SINGLE_CALL = 'tool_choice.disable_parallel_tool_use';
export const NO_METADATA = 'metadata';
export const NO_CACHE = 'cache_control';

/** The wire has no form for an answer that is any JSON object. */
const JSON_ONLY = 'Answer with one JSON object and nothing else: no text around it, no code fence.';

/** With thinking on, the wire takes no `top_p` below this. */
const LEAST_TOP_P_THINKING = 0.95;

export interface ConvertedRequest {
  readonly body: MessagesBody;
  /** The signatures in it, as the client has them. */
  readonly signatures: readonly string[];
}

/**
 * The body for the upstream: the same prompt gives the same text, so that the service's prompt cache holds.
 *
 * @param profile what the target accepts, as far as it is known
 */
export function convertRequest(
  request: TextRequest,
  { provider, upstreamModel }: Target,
  source: ThinkingSource,
  profile: Profile,
): ConvertedRequest {
  const { prompt, stream, model } = request;
  const { omitFields } = profile;
  const { system, turns, signatures } = convertMessages(prompt.messages, source);
  if (prompt.format?.type === 'json_object') system.push({ type: 'text', text: JSON_ONLY });
  if (turns.length === 0 && system.length > 0) turns.push({ role: 'user', content: system.splice(0) });
  const limits = { strict: !omitFields.includes(NO_STRICT), parallel: !omitFields.includes(NO_SINGLE_CALL) };
  const { tools, choice } = convertTools(prompt, turns, limits);
  const isForced = choice?.type === 'any' || choice?.type === 'tool';
  const maxTokens = request.outputCapTokens ?? model.maxOutputTokens;
  const thinking = convertThinking(
    {
      effort: prompt.reasoningEffort,
      style: thinkingStyle(model.thinking, upstreamModel, profile),
      isPossible: !isForced && allowsThinking(turns),
      maxTokens,
    },
    profile,
  );
  const offered = [...tools];
  setBreakpoints({ tools: offered, system, turns }, breakpointMode(provider.cacheBreakpoints, profile));
  const body: MessagesBody = {
    model: upstreamModel,
    max_tokens: maxTokens,
    ...(system.length > 0 && { system }),
    ...(offered.length > 0 && { tools: offered }),
    ...(choice && { tool_choice: choice }),
    messages: [...turns],
    ...(thinking.config && { thinking: thinking.config }),
    ...outputConfig(prompt.format, thinking),
    ...sampling(prompt.sampling, thinking),
    ...stopSequences(prompt),
    ...metadata(request),
    ...serviceTier(prompt),
    ...passedFields(prompt, provider.passFields),
    ...(stream && { stream }),
  };
  return { body: withoutOmitted(body, profile), signatures };
}

/** Without these a body is none. */
const REQUIRED: ReadonlySet<string> = new Set(['model', 'max_tokens', 'messages', 'stream']);

function withoutOmitted(body: MessagesBody, { omitFields }: Profile): MessagesBody {
  const omitted = new Set(omitFields.filter((field) => !REQUIRED.has(field)));
  if (!Object.keys(body).some((field) => omitted.has(field))) return body;
  const kept = Object.entries(body).filter(([field]) => !omitted.has(field));
  return Object.fromEntries(kept) as unknown as MessagesBody;
}

function breakpointMode(setting: 'auto' | 'off' = 'auto', { omitFields }: Profile): BreakpointMode {
  return omitFields.includes(NO_CACHE) ? 'none' : setting;
}

function outputConfig(
  format: AnswerFormat | undefined,
  { effort }: Thinking,
): { output_config?: OutputConfig } {
  const schema = format?.type === 'json_schema' ? format.schema : undefined;
  if (!effort && !schema) return {};
  return {
    output_config: {
      ...(effort && { effort }),
      ...(schema && { format: { type: 'json_schema', schema: fitSchema(schema) } }),
    },
  };
}

/** The wire's temperatures end at 1, which is its default; with thinking on it takes none. */
function sampling({ temperature, topP }: Sampling, { isOn }: Thinking): WireSampling {
  const heat = temperature === undefined || isOn ? 1 : Math.min(temperature, 1);
  const share = topP === undefined || (isOn && topP < LEAST_TOP_P_THINKING) ? 1 : topP;
  return { ...(heat !== 1 && { temperature: heat }), ...(share !== 1 && { top_p: share }) };
}

/** A sequence of blanks alone is refused. */
function stopSequences({ stop }: Prompt): Pick<MessagesBody, 'stop_sequences'> {
  const sequences = stop.filter((text) => /\S/.test(text));
  return sequences.length === 0 ? {} : { stop_sequences: sequences };
}

function metadata({ prompt, account }: TextRequest): Pick<MessagesBody, 'metadata'> {
  const user = prompt.hints.safetyIdentifier || prompt.hints.user;
  return user ? { metadata: { user_id: hashed(account, user) } } : {};
}

/** Other tiers are those that the operator has given a price. */
function serviceTier({ serviceTier: tier }: Prompt): Pick<MessagesBody, 'service_tier'> {
  if (tier === undefined || tier === 'auto') return {};
  return { service_tier: tier === 'default' ? 'standard_only' : (tier as 'auto') };
}
