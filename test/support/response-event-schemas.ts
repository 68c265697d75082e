import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';

/** JSON schemas of the Responses API's events and object, written from the published field tables. */

const string = { type: 'string' };
const nullable = (type: string) => ({ type: [type, 'null'] });
const index = { type: 'integer', minimum: 0 };
const list = (items: AnySchema) => ({ type: 'array', items });

/** All of these are required; others are not allowed. */
function exactly(properties: Record<string, AnySchema>, optional: Record<string, AnySchema> = {}) {
  return {
    type: 'object',
    required: Object.keys(properties),
    properties: { ...properties, ...optional },
    additionalProperties: false,
  };
}

const topLogprob = exactly({ token: string, logprob: { type: 'number' }, bytes: list({ type: 'integer' }) });
const logprob = exactly({
  token: string,
  logprob: { type: 'number' },
  bytes: list({ type: 'integer' }),
  top_logprobs: list(topLogprob),
});
const urlCitation = exactly({
  type: { const: 'url_citation' },
  start_index: index,
  end_index: index,
  url: string,
  title: string,
});
const outputText = exactly({
  type: { const: 'output_text' },
  text: string,
  annotations: list(urlCitation),
  logprobs: list(logprob),
});
const refusal = exactly({ type: { const: 'refusal' }, refusal: string });
const reasoningText = exactly({ type: { const: 'reasoning_text' }, text: string });
const summaryText = exactly({ type: { const: 'summary_text' }, text: string });

const itemStatus = { enum: ['in_progress', 'completed', 'incomplete'] };
const message = exactly(
  {
    type: { const: 'message' },
    id: { type: 'string', pattern: '^msg_' },
    status: itemStatus,
    role: { const: 'assistant' },
    content: list({ anyOf: [outputText, refusal] }),
  },
  { phase: { enum: ['commentary', 'final_answer'] } },
);
const functionCall = exactly(
  {
    type: { const: 'function_call' },
    id: { type: 'string', pattern: '^fc_' },
    call_id: string,
    name: string,
    arguments: string,
    status: itemStatus,
  },
  { namespace: string },
);
const customToolCall = exactly(
  {
    type: { const: 'custom_tool_call' },
    id: { type: 'string', pattern: '^ctc_' },
    call_id: string,
    name: string,
    input: string,
    status: itemStatus,
  },
  { namespace: string },
);
function clientCall(type: string, prefix: string, fields: Record<string, AnySchema>) {
  const id = { type: 'string', pattern: `^${prefix}_` };
  return exactly({ type: { const: type }, id, call_id: string, ...fields, status: itemStatus });
}
const path = { path: string };
const withDiff = { ...path, diff: string };
const action = { type: 'object', required: ['type'], properties: { type: string } };
const noChecks = { pending_safety_checks: { type: 'array', maxItems: 0 } };
const clientCalls = [
  clientCall('tool_search_call', 'tsc', { execution: { const: 'client' }, arguments: { type: 'object' } }),
  clientCall('local_shell_call', 'lsh', {
    action: exactly(
      {
        type: { const: 'exec' },
        command: list(string),
        env: { type: 'object', additionalProperties: string },
      },
      { timeout_ms: { type: 'integer' }, user: string, working_directory: string },
    ),
  }),
  clientCall('shell_call', 'sh', {
    action: exactly({
      commands: list(string),
      timeout_ms: nullable('integer'),
      max_output_length: nullable('integer'),
    }),
    environment: exactly({ type: { const: 'local' } }),
  }),
  clientCall('apply_patch_call', 'apc', {
    operation: {
      anyOf: [
        exactly({ type: { enum: ['create_file', 'update_file'] }, ...withDiff }),
        exactly({ type: { const: 'delete_file' }, ...path }),
      ],
    },
  }),
  clientCall('computer_call', 'cu', { actions: list(action), ...noChecks }),
  clientCall('computer_call', 'cu', { action, ...noChecks }),
];
const reasoning = exactly(
  {
    type: { const: 'reasoning' },
    id: { type: 'string', pattern: '^rs_' },
    status: itemStatus,
    summary: list(summaryText),
  },
  { content: list(reasoningText), encrypted_content: string },
);
/** As the upstream has it, but for the id. */
const search = exactly(
  { type: { const: 'web_search_call' }, id: { type: 'string', pattern: '^ws_' }, status: string },
  { action: { type: 'object' } },
);
const compaction = exactly({
  type: { const: 'compaction' },
  id: { type: 'string', pattern: '^cmp_' },
  encrypted_content: string,
});
const item = {
  anyOf: [message, functionCall, customToolCall, reasoning, search, compaction, ...clientCalls],
};

const usage = exactly(
  {
    input_tokens: index,
    input_tokens_details: exactly({ cached_tokens: index, cache_write_tokens: index }),
    output_tokens: index,
    output_tokens_details: exactly({ reasoning_tokens: index }),
    total_tokens: index,
  },
  { estimated: { const: true } },
);

const response = {
  type: 'object',
  properties: {
    id: string,
    object: { const: 'response' },
    created_at: index,
    completed_at: nullable('integer'),
    status: { enum: ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'] },
    background: { type: 'boolean' },
    incomplete_details: {
      anyOf: [{ type: 'null' }, exactly({ reason: { enum: ['max_output_tokens', 'content_filter'] } })],
    },
    model: string,
    previous_response_id: nullable('string'),
    conversation: exactly({ id: string }),
    instructions: nullable('string'),
    output: list(item),
    error: { anyOf: [{ type: 'null' }, exactly({ code: string, message: string })] },
    tools: list({ type: 'object' }),
    tool_choice: { type: ['string', 'object'] },
    parallel_tool_calls: { type: 'boolean' },
    truncation: { enum: ['auto', 'disabled'] },
    text: { type: 'object' },
    temperature: { type: 'number' },
    top_p: { type: 'number' },
    top_logprobs: index,
    presence_penalty: { type: 'number' },
    frequency_penalty: { type: 'number' },
    reasoning: {
      anyOf: [{ type: 'null' }, exactly({ effort: nullable('string'), summary: nullable('string') })],
    },
    usage: { anyOf: [{ type: 'null' }, usage] },
    max_output_tokens: nullable('integer'),
    max_tool_calls: nullable('integer'),
    store: { type: 'boolean' },
    service_tier: string,
    metadata: { type: 'object', additionalProperties: string },
    safety_identifier: nullable('string'),
    prompt_cache_key: nullable('string'),
    user: string,
  },
  required: [
    ...['id', 'object', 'created_at', 'completed_at', 'status', 'background', 'incomplete_details', 'model'],
    ...['previous_response_id', 'instructions', 'output', 'error', 'tools', 'tool_choice'],
    ...['parallel_tool_calls', 'truncation', 'text', 'temperature', 'top_p', 'top_logprobs'],
    ...['presence_penalty', 'frequency_penalty', 'reasoning', 'usage', 'max_output_tokens'],
    ...['max_tool_calls', 'store', 'service_tier', 'metadata', 'safety_identifier', 'prompt_cache_key'],
  ],
};

const ofItem = { item_id: string, output_index: index };
const ofPart = { ...ofItem, content_index: index };
const ofCommand = { output_index: index, command_index: index };
const ofSummary = { ...ofItem, summary_index: index };
const part = { anyOf: [outputText, refusal, reasoningText] };

const FIELDS: Readonly<Record<string, Record<string, AnySchema>>> = {
  'response.created': { response },
  'response.queued': { response },
  'response.in_progress': { response },
  'response.completed': { response },
  'response.incomplete': { response },
  'response.failed': { response },
  'response.output_item.added': { output_index: index, item },
  'response.output_item.done': { output_index: index, item },
  'response.content_part.added': { ...ofPart, part },
  'response.content_part.done': { ...ofPart, part },
  'response.output_text.delta': { ...ofPart, delta: string, logprobs: list(logprob) },
  'response.output_text.done': { ...ofPart, text: string, logprobs: list(logprob) },
  'response.output_text.annotation.added': { ...ofPart, annotation_index: index, annotation: urlCitation },
  'response.refusal.delta': { ...ofPart, delta: string },
  'response.refusal.done': { ...ofPart, refusal: string },
  'response.function_call_arguments.delta': { ...ofItem, delta: string },
  'response.function_call_arguments.done': { ...ofItem, name: string, arguments: string },
  'response.custom_tool_call_input.delta': { ...ofItem, delta: string },
  'response.custom_tool_call_input.done': { ...ofItem, input: string },
  'response.shell_call_command.added': { ...ofCommand, command: string },
  'response.shell_call_command.delta': { ...ofCommand, delta: string },
  'response.shell_call_command.done': { ...ofCommand, command: string },
  'response.web_search_call.in_progress': ofItem,
  'response.web_search_call.searching': ofItem,
  'response.web_search_call.completed': ofItem,
  'response.reasoning_summary_part.added': { ...ofSummary, part: summaryText },
  'response.reasoning_summary_part.done': { ...ofSummary, part: summaryText },
  'response.reasoning_summary_text.delta': { ...ofSummary, delta: string },
  'response.reasoning_summary_text.done': { ...ofSummary, text: string },
  'response.reasoning_text.delta': { ...ofPart, delta: string },
  'response.reasoning_text.done': { ...ofPart, text: string },
  error: {
    error: exactly({ type: string, code: string, message: string, param: nullable('string') }),
    code: string,
    message: string,
    param: nullable('string'),
  },
};

const ajv = new Ajv({ allowUnionTypes: true, strictRequired: false });
const validators = new Map<string, ValidateFunction>();

export const EVENT_TYPES = Object.keys(FIELDS);

/** @throws Error when it is not an event of the published API with exactly the published fields. */
export function expectValidEvent(event: object): void {
  const type = 'type' in event ? String(event.type) : '';
  const fields = FIELDS[type];
  if (!fields) throw new Error(`there is no event ${type}`);
  let validate = validators.get(type);
  if (!validate) {
    validate = ajv.compile(exactly({ type: { const: type }, sequence_number: index, ...fields }));
    validators.set(type, validate);
  }
  if (!validate(event)) throw new Error(`${type}: ${ajv.errorsText(validate.errors)}`);
}
