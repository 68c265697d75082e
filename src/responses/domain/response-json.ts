import type { OutputItem } from './item.js';
import type { ResponseEnvelope, ResponseObject } from './response.js';

/** The Response that a client sees. Its keys have the same order, however the envelope was stored. */
export function toObject(envelope: ResponseEnvelope, output: readonly OutputItem[]): ResponseObject {
  const { conversation, user } = envelope;
  const published = {
    id: envelope.id,
    object: envelope.object,
    created_at: envelope.created_at,
    completed_at: envelope.completed_at,
    status: envelope.status,
    background: envelope.background,
    incomplete_details: envelope.incomplete_details,
    model: envelope.model,
    previous_response_id: envelope.previous_response_id,
    ...(conversation && { conversation }),
    instructions: envelope.instructions,
    output,
    error: envelope.error,
    tools: envelope.tools,
    tool_choice: envelope.tool_choice,
    parallel_tool_calls: envelope.parallel_tool_calls,
    truncation: envelope.truncation,
    text: envelope.text,
    temperature: envelope.temperature,
    top_p: envelope.top_p,
    top_logprobs: envelope.top_logprobs,
    presence_penalty: envelope.presence_penalty,
    frequency_penalty: envelope.frequency_penalty,
    reasoning: envelope.reasoning,
    usage: envelope.usage,
    max_output_tokens: envelope.max_output_tokens,
    max_tool_calls: envelope.max_tool_calls,
    store: envelope.store,
    service_tier: envelope.service_tier,
    metadata: envelope.metadata,
    safety_identifier: envelope.safety_identifier,
    prompt_cache_key: envelope.prompt_cache_key,
    ...(user !== undefined && { user }),
  };
  // The other fields of the request follow as they came.
  return { ...published, ...envelope, output };
}

/** The JSON that is stored beside the items; it leaves out undefined fields. */
export function envelopeJson(response: ResponseObject): string {
  return JSON.stringify({ ...response, output: undefined });
}
