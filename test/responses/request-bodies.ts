import type { JsonObject } from '../../src/base/json.js';

export function request(fields: JsonObject = {}): JsonObject {
  return { model: 'm', input: 'hi', ...fields };
}

export function withInput(...items: readonly JsonObject[]): JsonObject {
  return { model: 'm', input: items };
}

export const functionTool: JsonObject = {
  type: 'function',
  name: 'f',
  parameters: { type: 'object', properties: { a: { const: null } } },
};

/** Every field that may be null, set. */
export const fullRequest: JsonObject = {
  model: 'm',
  input: 'hi',
  instructions: 'be brief',
  previous_response_id: 'resp_1',
  store: true,
  background: true,
  stream: true,
  stream_options: { include_obfuscation: false },
  include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
  max_output_tokens: 16,
  max_tool_calls: 3,
  parallel_tool_calls: false,
  temperature: 0.5,
  top_p: 0.5,
  top_logprobs: 20,
  presence_penalty: 1,
  frequency_penalty: -1,
  metadata: { a: 'b' },
  tools: [
    functionTool,
    { type: 'custom', name: 'patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "a"' } },
    { type: 'namespace', name: 'mcp__files', description: 'd', tools: [{ type: 'function', name: 'read' }] },
    { type: 'web_search', external_web_access: false },
    { type: 'local_shell' },
  ],
  tool_choice: { type: 'function', name: 'f' },
  text: { format: { type: 'json_schema', name: 'x', schema: { type: 'object' } }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  truncation: 'disabled',
  service_tier: 'flex',
  prompt_cache_key: 'k',
  safety_identifier: 's',
  user: 'u',
  context_management: [{ type: 'compaction', compact_threshold: 1_000 }],
};

/** What the SDKs, agents and Codex put into their input. */
export const clientItems: readonly [string, JsonObject][] = [
  ['message without type', { role: 'user', content: 'hi' }],
  [
    'message of a developer',
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'x' }] },
  ],
  [
    'earlier answer with nulls',
    {
      id: 'msg_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      phase: null,
      content: [{ type: 'output_text', text: 'x', annotations: [], logprobs: null }],
    },
  ],
  ['commentary', { role: 'assistant', phase: 'commentary', content: 'x' }],
  ['refusal', { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }],
  [
    'image',
    {
      role: 'user',
      content: [{ type: 'input_image', image_url: 'data:image/png;base64,AA', detail: 'original' }],
    },
  ],
  [
    'file',
    {
      role: 'user',
      content: [{ type: 'input_file', filename: 'a.pdf', file_data: 'data:a;base64,AA', file_id: null }],
    },
  ],
  ['audio', { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }] }],
  [
    'call',
    {
      type: 'function_call',
      id: null,
      call_id: 'c',
      name: 'f',
      arguments: '{}',
      status: null,
      namespace: 'n',
    },
  ],
  ['output', { type: 'function_call_output', call_id: 'c', output: 'x', status: 'completed' }],
  [
    'output in parts',
    {
      type: 'function_call_output',
      call_id: 'c',
      output: [
        { type: 'input_text', text: 'x' },
        { type: 'input_image', image_url: 'https://a/b.png' },
      ],
    },
  ],
  [
    'custom call',
    { type: 'custom_tool_call', status: 'completed', call_id: 'c', name: 'apply_patch', input: '*** Begin' },
  ],
  ['custom output', { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' }],
  ['reasoning of Codex', { type: 'reasoning', summary: [], content: null, encrypted_content: 'gAAA' }],
  [
    'raw reasoning',
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 's' }],
      content: [{ type: 'reasoning_text', text: 'r' }],
    },
  ],
  ['reference', { type: 'item_reference', id: 'msg_1' }],
  ['compaction', { type: 'compaction', id: 'cmp_1', encrypted_content: 'x' }],
  [
    'shell call',
    {
      type: 'local_shell_call',
      id: 'i',
      call_id: 'c',
      action: { type: 'exec', command: ['ls'] },
      status: 'completed',
    },
  ],
  [
    'search',
    { type: 'web_search_call', id: 'ws', status: 'completed', action: { type: 'search', query: 'q' } },
  ],
  ['tools of a developer', { type: 'additional_tools', role: 'developer', tools: [functionTool] }],
];
