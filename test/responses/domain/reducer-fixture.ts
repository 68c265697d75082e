import { CLIENT_TOOLS, type ClientToolType } from '../../../src/responses/domain/client-tools.js';
import type { Ending } from '../../../src/responses/domain/ending.js';
import type { CompactionItem } from '../../../src/responses/domain/item.js';
import type { ResponseObject, ResponseSettings } from '../../../src/responses/domain/response.js';
import type { ResponseEvent } from '../../../src/responses/domain/response-event.js';
import { ResponseReducer } from '../../../src/responses/domain/response-reducer.js';
import type { ToolIdentity } from '../../../src/responses/domain/tool-identity.js';
import type { TextEvent } from '../../../src/text/text-event.js';

export const CREATED = 1_700_000_000;
export const ENDED = CREATED + 7;

export const SETTINGS: ResponseSettings = {
  background: false,
  model: 'sandbox',
  previous_response_id: null,
  instructions: null,
  tools: [{ type: 'function', name: 'weather', description: null, parameters: null, strict: null }],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  truncation: 'disabled',
  text: { format: { type: 'text' } },
  temperature: 1,
  top_p: 1,
  top_logprobs: 0,
  presence_penalty: 0,
  frequency_penalty: 0,
  reasoning: null,
  max_output_tokens: null,
  max_tool_calls: null,
  store: true,
  service_tier: 'default',
  metadata: {},
  safety_identifier: null,
  prompt_cache_key: null,
};

const TOOLS: ReadonlyMap<string, ToolIdentity> = new Map<string, ToolIdentity>([
  ['apply_patch', { type: 'custom', name: 'apply_patch' }],
  ['crm__find', { type: 'function', name: 'find', namespace: 'crm' }],
  ['crm__exec', { type: 'custom', name: 'exec', namespace: 'crm' }],
  ...(Object.keys(CLIENT_TOOLS) as ClientToolType[]).map(
    (type) => [`run_${type}`, { type, name: type }] as const,
  ),
]);

export const COMPLETED: Ending = { status: 'completed' };
export const CANCELLED: Ending = { status: 'cancelled' };
export const FAILED: Ending = {
  status: 'failed',
  error: { type: 'upstream_error', code: 'upstream_error', message: 'It broke.', param: null },
};

export function newReducer(settings: Partial<ResponseSettings> = {}): ResponseReducer {
  let ids = 0;
  return new ResponseReducer({
    id: 'resp_1',
    createdSeconds: CREATED,
    settings: { ...SETTINGS, ...settings },
    newItemId: (prefix) => `${prefix}_${(ids += 1)}`,
    tools: TOOLS,
  });
}

interface Run {
  readonly events: readonly ResponseEvent[];
  readonly final: ResponseObject;
}

export function run(
  upstream: readonly TextEvent[],
  ending: Ending = COMPLETED,
  settings: Partial<ResponseSettings> = {},
  compactions: readonly CompactionItem[] = [],
): Run {
  const reducer = newReducer(settings);
  const begun = [...reducer.begin(), ...compactions.flatMap((item) => reducer.show(item))];
  const events = [...begun, ...upstream.flatMap((event) => reducer.accept(event))];
  const end = reducer.end(ending, ENDED);
  events.push(...end.events, end.terminal);
  return { events, final: end.terminal.response };
}

export const COMPACTION: CompactionItem = { type: 'compaction', id: 'cmp_1', encrypted_content: 'sealed' };

export const say = (text: string): TextEvent => ({ type: 'text', choice: 0, text });
export const refuse = (text: string): TextEvent => ({ type: 'refusal', choice: 0, text });
export const reason = (text: string): TextEvent => ({ type: 'reasoning', choice: 0, text });
export const sign = (signature: string): TextEvent => ({ type: 'reasoning_signature', choice: 0, signature });
export const summarise = (text: string): TextEvent => ({ type: 'reasoning_summary', choice: 0, text });
export const call = (index: number, name: string, kind: 'function' | 'custom' = 'function'): TextEvent => ({
  type: 'tool_call_start',
  choice: 0,
  index,
  id: `call_${index}`,
  name,
  kind,
});
export const argue = (index: number, text: string): TextEvent => ({
  type: 'tool_call_delta',
  choice: 0,
  index,
  arguments: text,
});
export const finish = (
  why: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call',
): TextEvent => ({
  type: 'finish',
  choice: 0,
  reason: why,
});
export const usage: TextEvent = {
  type: 'usage',
  usage: { inputTokens: 9, cachedInputTokens: 2, cacheWriteTokens: 1, outputTokens: 5, reasoningTokens: 3 },
};
