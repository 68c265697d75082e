import type { Phase, TextEvent } from '../../text/text-event.js';
import { clientToolCalledBy } from './client-tools.js';
import type { EndingError } from './ending.js';
import type { MessageItem, OutputItem, OutputItemPrefix } from './item.js';
import type { ResponseEvent, TerminalEventBody } from './response-event.js';
import { isUpstreamItem } from './upstream-item-builder.js';
import { ResponseReducer } from './response-reducer.js';
import type { ResponseObject } from './response.js';
import type { ToolIdentity } from './tool-identity.js';

/**
 * The end of a stream whose run is gone: a reducer gets the logged events again and then fails the response. The log
 * has all events that follow from one upstream event, or none of them.
 *
 * @param object as it was accepted
 * @param log the events from the first on, in order
 * @param error the error that the client is shown
 * @param atSeconds Unix seconds
 */
export function concludeLog(
  object: ResponseObject,
  log: readonly ResponseEvent[],
  error: EndingError,
  atSeconds: number,
): { readonly events: readonly ResponseEvent[]; readonly terminal: ResponseEvent & TerminalEventBody } {
  const items = log.flatMap((event) => (event.type === 'response.output_item.added' ? [event.item] : []));
  const ids = items.filter(({ type }) => type !== 'compaction').map(({ id }) => id);
  const reducer = new ResponseReducer({
    id: object.id,
    createdSeconds: object.created_at,
    settings: object,
    newItemId: (prefix: OutputItemPrefix) => ids.shift() ?? `${prefix}_${object.id.slice(-32)}`,
    tools: toolsOf(log),
  });
  const said = [
    ...reducer.begin(),
    ...log.flatMap((event) =>
      event.type === 'response.output_item.added' && event.item.type === 'compaction'
        ? reducer.show(event.item)
        : asText(event).flatMap((text) => reducer.accept(text)),
    ),
  ];
  const { events, terminal } = reducer.end({ status: 'failed', error }, atSeconds);
  const next = (log.at(-1)?.sequence_number ?? -1) + 1;
  return { events: [...said, ...events].filter((event) => event.sequence_number >= next), terminal };
}

/** By position in the output, since tools of two namespaces may have the same name. */
function toolsOf(log: readonly ResponseEvent[]): ReadonlyMap<string, ToolIdentity> {
  return new Map(
    log.flatMap((event) =>
      event.type === 'response.output_item.added' ? identityOf(event.item, event.output_index) : [],
    ),
  );
}

function identityOf(item: OutputItem, index: number): readonly (readonly [string, ToolIdentity])[] {
  if (isUpstreamItem(item)) return [];
  switch (item.type) {
    case 'message':
    case 'reasoning':
    case 'compaction':
      return [];
    case 'function_call':
    case 'custom_tool_call': {
      const { name, namespace } = item;
      const type = item.type === 'function_call' ? 'function' : 'custom';
      return [[String(index), { type, name, ...(namespace !== undefined && { namespace }) }]];
    }
    default: {
      const type = clientToolCalledBy({ ...item });
      return type ? [[String(index), { type, name: type }]] : [];
    }
  }
}

/** The upstream events that caused this event; empty for an event that follows from others. */
function asText(event: ResponseEvent): readonly TextEvent[] {
  switch (event.type) {
    case 'response.output_item.added':
      return startOf(event.item, event.output_index);
    case 'response.output_item.done':
      return isUpstreamItem(event.item)
        ? [{ type: 'item_end', choice: 0, index: event.output_index, item: { ...event.item } }]
        : signatureOf(event.item);
    case 'response.web_search_call.in_progress':
    case 'response.web_search_call.searching':
    case 'response.web_search_call.completed':
      return [{ type: 'item_stage', choice: 0, index: event.output_index, stage: event.type }];
    case 'response.output_text.delta':
      return [{ type: 'text', choice: 0, text: event.delta, logprobs: { content: event.logprobs } }];
    case 'response.refusal.delta':
      return [{ type: 'refusal', choice: 0, text: event.delta }];
    case 'response.output_text.annotation.added':
      return [{ type: 'annotation', choice: 0, annotation: event.annotation }];
    case 'response.reasoning_text.delta':
      return [{ type: 'reasoning', choice: 0, text: event.delta }];
    case 'response.reasoning_summary_text.delta':
      return [{ type: 'reasoning_summary', choice: 0, text: event.delta }];
    case 'response.function_call_arguments.delta':
    case 'response.custom_tool_call_input.delta':
      return [{ type: 'tool_call_delta', choice: 0, index: event.output_index, arguments: event.delta }];
    default:
      return [];
  }
}

/** Other items end with what comes after them. */
function signatureOf(item: OutputItem): readonly TextEvent[] {
  const signature = item.type === 'reasoning' ? item.encrypted_content : undefined;
  return signature === undefined ? [] : [{ type: 'reasoning_signature', choice: 0, signature }];
}

function phaseOf({ phase }: MessageItem): { phase?: Phase } {
  return phase === undefined ? {} : { phase };
}

function startOf(item: OutputItem, index: number): readonly TextEvent[] {
  if (isUpstreamItem(item)) return [{ type: 'item_start', choice: 0, index, item: { ...item } }];
  if (item.type === 'message') return [{ type: 'message', choice: 0, ...phaseOf(item) }];
  if (item.type === 'reasoning' || item.type === 'compaction') return [];
  const kind = item.type === 'custom_tool_call' ? 'custom' : 'function';
  return [{ type: 'tool_call_start', choice: 0, index, id: item.call_id, name: String(index), kind }];
}
