import type { JsonObject } from '../../base/json.js';
import type { Prompt } from '../../text/prompt.js';
import { pick } from '../../base/json-fields.js';
import { parseResponsesRequest, type ResponsesRequest } from '../responses-request.js';

const FIELDS = [
  'model',
  'input',
  'previous_response_id',
  'instructions',
  'prompt_cache_key',
  'service_tier',
] as const;

/** Shown to the model after the conversation. */
const TASK = `The conversation above is about to be replaced by a summary of it, and you will go on from that summary alone. Write it now.

Say what the user wants, in the user's own words where they matter, what has been done and decided and why, what tools were called with and what they answered as far as it still matters, and what is left to do. Keep names, numbers, identifiers, paths and quotations exact. Do not continue the task, do not call tools, and do not address the user: answer with the summary and nothing else.`;

/**
 * Parses a request to compact a conversation. Only the fields that name the conversation and its model are used.
 *
 * @throws GatewayError 400 with the path of the field that is wrong
 */
export function parseCompactionRequest(sent: JsonObject): ResponsesRequest {
  return parseResponsesRequest({ ...pick(sent, FIELDS), store: false });
}

/** The same conversation, with the task to summarise it in place of the next turn. */
export function askForSummary(prompt: Prompt): Prompt {
  return {
    ...prompt,
    messages: [...prompt.messages, { role: 'user', parts: [{ type: 'text', text: TASK }] }],
    // A model that is offered tools may call one instead.
    tools: [],
    hosted: undefined,
    toolChoice: undefined,
    parallelToolCalls: undefined,
    // A summary has no format, and nobody reads its log probabilities.
    format: undefined,
    verbosity: undefined,
    logprobs: undefined,
  };
}
