import type { JsonObject } from '../../base/json.js';
import { pick } from '../domain/fields.js';
import { parseResponsesRequest, type ResponsesRequest } from '../responses-request.js';

const FIELDS = [
  'model',
  'input',
  'previous_response_id',
  'instructions',
  'prompt_cache_key',
  'service_tier',
] as const;

/** Shown to the model behind the conversation. */
const TASK = `The conversation above is about to be replaced by a summary of it, and you will go on from that summary alone. Write it now.

Say what the user wants, in the user's own words where they matter, what has been done and decided and why, what tools were called with and what they answered as far as it still matters, and what is left to do. Keep names, numbers, identifiers, paths and quotations exact. Do not continue the task, do not call tools, and do not address the user: answer with the summary and nothing else.`;

/**
 * A request to compact a conversation: of a request for a Response only what says which conversation, and by whom.
 *
 * @throws GatewayError 400 with the path of the field that is wrong
 */
export function parseCompactionRequest(sent: JsonObject): ResponsesRequest {
  return parseResponsesRequest({ ...pick(sent, FIELDS), store: false });
}

/** The same conversation, with the task to summarise it in place of the next turn. */
export function askForSummary({
  // A model that is offered tools may call one instead.
  tools: _tools,
  tool_choice: _choice,
  parallel_tool_calls: _parallel,
  // A summary has no shape of its own, and nobody reads how likely it was.
  response_format: _format,
  verbosity: _verbosity,
  logprobs: _logprobs,
  top_logprobs: _topLogprobs,
  ...chat
}: JsonObject): JsonObject {
  const messages = Array.isArray(chat['messages']) ? (chat['messages'] as readonly JsonObject[]) : [];
  return { ...chat, messages: [...messages, { role: 'user', content: TASK }] };
}
