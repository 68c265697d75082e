import type { JsonObject } from '../../base/json.js';
import type { Prompt } from '../prompt.js';
import type { ChatBody } from './chat-body.js';
import { extraOf } from './extra.js';
import { readMessage } from './read-message.js';
import { readFormat, readTool, readToolChoice } from './read-tools.js';

/** Fields that have a name in a prompt, and those that the gateway decides about by itself. */
const NAMED: ReadonlySet<string> = new Set([
  ...['messages', 'tools', 'tool_choice', 'parallel_tool_calls', 'n', 'stop', 'temperature', 'top_p'],
  ...['presence_penalty', 'frequency_penalty', 'seed', 'logprobs', 'top_logprobs', 'response_format'],
  ...['reasoning_effort', 'verbosity', 'service_tier', 'web_search_options', 'user', 'safety_identifier'],
  ...['prompt_cache_key', 'metadata', 'model', 'stream', 'stream_options', 'store'],
  ...['max_tokens', 'max_completion_tokens'],
]);

/** The older form of tools, and the expected answer: only this wire has them, and models read them. */
const TEXT_FIELDS = ['functions', 'prediction'] as const;

/** The prompt of a body whose shape was checked and that has no optional nulls. The body itself is not in it. */
export function readChat(body: JsonObject): Prompt {
  const chat = body as ChatBody;
  const { stop } = chat;
  const extra = extraOf(body, NAMED);
  return {
    messages: chat.messages?.map(readMessage) ?? [],
    tools: chat.tools?.map(readTool) ?? [],
    toolChoice: chat.tool_choice && readToolChoice(chat.tool_choice),
    parallelToolCalls: chat.parallel_tool_calls,
    choices: chat.n ?? 1,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    sampling: {
      temperature: chat.temperature,
      topP: chat.top_p,
      presencePenalty: chat.presence_penalty,
      frequencyPenalty: chat.frequency_penalty,
      seed: chat.seed,
    },
    logprobs: chat.logprobs === true ? (chat.top_logprobs ?? 0) : undefined,
    format: chat.response_format && readFormat(chat.response_format),
    reasoningEffort: chat.reasoning_effort,
    verbosity: chat.verbosity,
    serviceTier: chat.service_tier,
    webSearch: chat.web_search_options,
    hints: {
      user: chat.user,
      safetyIdentifier: chat.safety_identifier,
      promptCacheKey: chat.prompt_cache_key,
      metadata: chat.metadata,
    },
    extraTexts: extra && textsIn(extra),
    extra,
  };
}

function textsIn(extra: JsonObject): readonly string[] {
  return TEXT_FIELDS.flatMap((field) => (extra[field] === undefined ? [] : JSON.stringify(extra[field])));
}
