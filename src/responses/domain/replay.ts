import { emitShellCommands, emptyCall } from './client-call-builder.js';
import type { Emit, ItemPlace } from './emit.js';
import { TERMINAL_EVENTS } from './ending.js';
import { errorEvent } from './error-event.js';
import type { FunctionCallItem, MessageItem, OutputItem, ReasoningItem, UpstreamItem } from './item.js';
import { OutputText, Refusal } from './message-parts.js';
import { errorTypeOf } from './response-error.js';
import { ReasoningSummary, ReasoningText } from './reasoning-parts.js';
import type { ResponseObject } from './response.js';
import type { ResponseEvent, TerminalEventBody } from './response-event.js';
import { toObject } from './response-json.js';
import { isUpstreamItem } from './upstream-item-builder.js';
import { isTerminal } from './status.js';

/**
 * Events that a stream of this response could have had: one delta for each text. They end with the object as it is.
 * @throws Error for a response that has not ended
 */
export function synthesise(object: ResponseObject): readonly ResponseEvent[] {
  const events: ResponseEvent[] = [];
  const emit: Emit = (event) => events.push({ ...event, sequence_number: events.length });

  const before = { ...object, usage: null, completed_at: null, error: null, incomplete_details: null };
  const running = toObject({ ...before, status: 'in_progress' }, []);
  if (object.background) {
    const queued = toObject({ ...before, status: 'queued' }, []);
    emit({ type: 'response.created', response: queued });
    emit({ type: 'response.queued', response: queued });
  } else {
    emit({ type: 'response.created', response: running });
  }
  emit({ type: 'response.in_progress', response: running });
  object.output.forEach((item, output_index) => replayItem(item, output_index, emit));
  if (object.error) emit(errorEvent({ ...object.error, type: errorTypeOf(object.error.code), param: null }));
  return [...events, terminalAfter(object, events.length - 1)];
}

/**
 * The terminal event alone, after an event with this number.
 * @throws Error for a response that has not ended
 */
export function terminalAfter(
  object: ResponseObject,
  sequenceNumber: number,
): ResponseEvent & TerminalEventBody {
  if (!isTerminal(object.status)) throw new Error('only a response that has ended can be replayed');
  return {
    type: TERMINAL_EVENTS[object.status],
    sequence_number: sequenceNumber + 1,
    response: object,
  };
}

function replayItem(item: OutputItem, output_index: number, emit: Emit): void {
  const place: ItemPlace = { item_id: item.id, output_index };
  emit({ type: 'response.output_item.added', output_index, item: asAdded(item) });
  if (!isUpstreamItem(item)) replayContent(item, place, emit);
  emit({ type: 'response.output_item.done', output_index, item });
}

function replayContent(item: Exclude<OutputItem, UpstreamItem>, place: ItemPlace, emit: Emit): void {
  switch (item.type) {
    case 'message':
      replayMessage(item, place, emit);
      break;
    case 'reasoning':
      replayReasoning(item, place, emit);
      break;
    case 'function_call':
      replayCall(item, place, emit);
      break;
    case 'custom_tool_call':
      if (item.input !== '')
        emit({ type: 'response.custom_tool_call_input.delta', ...place, delta: item.input });
      emit({ type: 'response.custom_tool_call_input.done', ...place, input: item.input });
      break;
    case 'compaction':
      break;
    default:
      // Other tool items have no events between their first and their last one.
      emitShellCommands(item, place.output_index, emit);
  }
}

/** The item before it had any content. */
function asAdded(item: OutputItem): OutputItem {
  if (isUpstreamItem(item)) return item;
  switch (item.type) {
    case 'message':
      return { ...item, status: 'in_progress', content: [] };
    case 'reasoning': {
      const { content: _content, encrypted_content: _signature, ...rest } = item;
      return { ...rest, status: 'in_progress', summary: [] };
    }
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' };
    case 'custom_tool_call':
      return { ...item, status: 'in_progress', input: '' };
    case 'compaction':
      return item;
    default:
      return emptyCall(item);
  }
}

function replayMessage({ content }: MessageItem, place: ItemPlace, emit: Emit): void {
  content.forEach((part, content_index) => {
    if (part.type === 'refusal') {
      const refusal = new Refusal({ ...place, content_index }, emit);
      if (part.refusal !== '') refusal.add(part.refusal);
      refusal.close();
      return;
    }
    const text = new OutputText({ ...place, content_index }, emit);
    if (part.text !== '' || part.logprobs.length > 0) text.add(part.text, part.logprobs);
    for (const annotation of part.annotations) text.annotate(annotation);
    text.close();
  });
}

function replayReasoning({ summary, content = [] }: ReasoningItem, place: ItemPlace, emit: Emit): void {
  summary.forEach(({ text }, summary_index) => {
    const part = new ReasoningSummary({ ...place, summary_index }, emit);
    if (text !== '') part.add(text);
    part.close();
  });
  content.forEach(({ text }, content_index) => {
    const part = new ReasoningText({ ...place, content_index }, emit);
    if (text !== '') part.add(text);
    part.close();
  });
}

function replayCall(item: FunctionCallItem, place: ItemPlace, emit: Emit): void {
  const { name, arguments: text } = item;
  if (text !== '') emit({ type: 'response.function_call_arguments.delta', ...place, delta: text });
  emit({ type: 'response.function_call_arguments.done', ...place, name, arguments: text });
}
