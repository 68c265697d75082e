import type { JsonObject } from '../../base/json.js';
import type { OutputItem } from './item.js';
import { isUpstreamItem } from './upstream-item-builder.js';

/**
 * What the client has to send before this output can be continued: for each call of a tool that it runs, the item of
 * its answer without the result. A call that was cut off waits for nothing, since no context has it.
 */
export function requiredInput(output: readonly OutputItem[]): readonly JsonObject[] {
  return output.flatMap((item) => answerTo(item));
}

function answerTo(item: OutputItem): readonly JsonObject[] {
  if (isUpstreamItem(item) || !('call_id' in item) || item.status === 'incomplete') return [];
  const { call_id } = item;
  switch (item.type) {
    case 'function_call':
      return [{ type: 'function_call_output', call_id, name: item.name }];
    case 'tool_search_call':
      return [{ type: 'tool_search_output', call_id, execution: 'client' }];
    default:
      return [{ type: `${item.type}_output`, call_id }];
  }
}
