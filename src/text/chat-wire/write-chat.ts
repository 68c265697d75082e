import type { JsonObject, JsonValue } from '../../base/json.js';
import type { Prompt } from '../prompt.js';
import { writeMessages } from './write-message.js';
import { writeFormat, writeTool, writeToolChoice } from './write-tools.js';

/** A chat-completions body with the same contents, without the fields that the gateway decides about by itself. */
export function writeChat(prompt: Prompt): JsonObject {
  const { tools, toolChoice, choices, stop, sampling, logprobs, format, hints } = prompt;
  const body: Record<string, JsonValue> = { ...prompt.extra, messages: writeMessages(prompt.messages) };
  const put = (field: string, value: JsonValue | undefined): void => {
    if (value !== undefined) body[field] = value;
  };
  put('n', choices === 1 ? undefined : choices);
  put('stop', stop.length === 0 ? undefined : stop);
  put('temperature', sampling.temperature);
  put('top_p', sampling.topP);
  put('presence_penalty', sampling.presencePenalty);
  put('frequency_penalty', sampling.frequencyPenalty);
  put('seed', sampling.seed);
  put('user', hints.user);
  put('safety_identifier', hints.safetyIdentifier);
  put('prompt_cache_key', hints.promptCacheKey);
  put('metadata', hints.metadata);
  put('service_tier', prompt.serviceTier);
  put('tools', tools.length === 0 ? undefined : tools.map(writeTool));
  put('parallel_tool_calls', prompt.parallelToolCalls);
  put('tool_choice', toolChoice && writeToolChoice(toolChoice));
  put('response_format', format && writeFormat(format));
  put('verbosity', prompt.verbosity);
  put('reasoning_effort', prompt.reasoningEffort);
  put('logprobs', logprobs === undefined ? undefined : true);
  put('top_logprobs', logprobs === 0 ? undefined : logprobs);
  put('web_search_options', prompt.webSearch);
  return body;
}
