import { type JsonObject, type JsonValue } from '../../src/base/json.js';

export const tool = {
  type: 'function',
  function: { name: 'look_up', parameters: { type: 'object', const: null } },
};

/** A body that uses every field, each in one of its valid forms. */
export const fullBody: JsonObject = {
  model: 'gpt-5.5',
  messages: [
    { role: 'system', content: 'be brief', name: 'boss' },
    { role: 'developer', content: [{ type: 'text', text: 'rules' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
        { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{}' } },
        { id: 'call_2', type: 'custom', custom: { name: 'free', input: 'x' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'found' },
    { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'done' }] },
    { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    { role: 'assistant', function_call: { name: 'old', arguments: '{}' } },
    { role: 'function', name: 'old', content: null },
  ],
  stream: true,
  stream_options: { include_usage: true },
  max_completion_tokens: 100,
  max_tokens: 50,
  temperature: 2,
  top_p: 0,
  n: 128,
  stop: ['a', 'b', 'c', 'd'],
  presence_penalty: -2,
  frequency_penalty: 2,
  logit_bias: { '50256': -100 },
  logprobs: true,
  top_logprobs: 20,
  seed: 7,
  tools: [tool, { type: 'custom', custom: { name: 'free', format: { type: 'text' } } }],
  tool_choice: { type: 'function', function: { name: 'look_up' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: {}, strict: true } },
  reasoning_effort: 'high',
  verbosity: 'low',
  metadata: { team: 'a' },
  store: false,
  user: 'u',
  safety_identifier: 's',
  prompt_cache_key: 'k',
  service_tier: 'flex',
  modalities: ['text'],
  prediction: { type: 'content', content: 'x' },
  web_search_options: { search_context_size: 'low' },
  functions: [{ name: 'old' }],
  function_call: 'auto',
  unknown_field: { kept: null },
};

export function body(fields: JsonObject = {}): JsonObject {
  return { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...fields };
}

export function withMessages(...messages: JsonValue[]): JsonObject {
  return body({ messages });
}
