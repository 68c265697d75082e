import { GatewayError } from '../../../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../../../base/json-fields.js';
import { namesTool, type Prompt } from '../../../../text/prompt.js';
import { SEARCH_STAGES, type FinishReason, type SpokenEvent } from '../../../../text/text-event.js';
import { malformed } from '../../../http/malformed.js';
import type { AnswerConverter } from '../../../text/answer/answer-converter.js';
import { UpstreamFailure } from '../../../upstream-failure.js';
import { usageOf } from '../../convert-usage.js';
import { OutputItems, type Spoken } from './output-items.js';

/** Far above the number of items, or of parts of one, of any answer. */
const MAX_INDEX = 65_536;

/** Events with a piece of text, what it is a piece of, and the field with the index of its part. */
const PIECES: ReadonlyMap<unknown, { readonly kind: Spoken; readonly part: string }> = new Map([
  ['response.output_text.delta', { kind: 'text', part: 'content_index' }],
  ['response.refusal.delta', { kind: 'refusal', part: 'content_index' }],
  ['response.reasoning_text.delta', { kind: 'reasoning', part: 'content_index' }],
  ['response.reasoning_summary_text.delta', { kind: 'reasoning_summary', part: 'summary_index' }],
] as const);

/** Why an answer is incomplete; any other reason has cut it, too. */
const FILTERED = 'content_filter';

/**
 * Converts the events of one answer, by their type. A whole Response is its last event alone. What follows a terminal
 * event is not read; events of unknown types say nothing here.
 */
export class EventConverter implements AnswerConverter {
  private readonly items: OutputItems;
  private begun = false;
  private reason: FinishReason | undefined;
  /** A forced call is no reason to continue, and OpenAI's other wire says `stop`. */
  private readonly isCallForced: boolean;

  /** @param scope of the provider's encrypted reasoning */
  constructor(scope: string, prompt?: Pick<Prompt, 'toolChoice'>) {
    this.items = new OutputItems(scope);
    this.isCallForced = namesTool(prompt?.toolChoice);
  }

  /** @throws UpstreamFailure for an item out of range, or a Response that did not end well */
  convert(frame: JsonObject, events: SpokenEvent[]): void {
    if (this.reason !== undefined) return;
    const type = textIn(frame['type']);
    if (type === undefined) return this.conclude(frame, events);
    if (!type.startsWith('response.')) return;
    this.begin(events);
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        return this.conclude(objectIn(frame['response']), events);
      case 'response.output_item.added':
        return this.items.add(indexIn(frame, 'output_index'), objectIn(frame['item']), events);
      case 'response.output_item.done':
        return this.items.finish(indexIn(frame, 'output_index'), objectIn(frame['item']), events);
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return this.items.extendCall(indexIn(frame, 'output_index'), textIn(frame['delta']) ?? '', events);
      case 'response.output_text.annotation.added':
        return this.annotate(frame, events);
      default:
        return this.say(type, frame, events);
    }
  }

  get complete(): boolean {
    return this.reason !== undefined;
  }

  get whole(): boolean {
    return this.complete;
  }

  finish(events: SpokenEvent[]): void {
    const { reason } = this;
    if (reason === undefined) return;
    this.items.end(reason === 'length' || reason === 'content_filter', events);
    const called = reason === 'stop' && this.items.called && !this.isCallForced;
    events.push({ type: 'finish', choice: 0, reason: called ? 'tool_calls' : reason });
  }

  private begin(events: SpokenEvent[]): void {
    if (this.begun) return;
    this.begun = true;
    events.push({ type: 'start', choice: 0 });
  }

  private say(type: string, frame: JsonObject, events: SpokenEvent[]): void {
    const stage = SEARCH_STAGES.find((each) => each === type);
    if (stage) return this.items.stage(indexIn(frame, 'output_index'), stage, events);
    const form = PIECES.get(type);
    const text = textIn(frame['delta']);
    if (!form || text === undefined) return;
    const piece = { kind: form.kind, part: indexIn(frame, form.part), text, logprobs: frame['logprobs'] };
    this.items.say(indexIn(frame, 'output_index'), piece, events);
  }

  private annotate(frame: JsonObject, events: SpokenEvent[]): void {
    const { annotation } = frame;
    if (isJsonObject(annotation)) this.items.annotate(indexIn(frame, 'output_index'), annotation, events);
  }

  /** The Response as it ended; it says again what its events have said. */
  private conclude(response: JsonObject, events: SpokenEvent[]): void {
    const { status, output, usage } = response;
    if (status !== 'completed' && status !== 'incomplete') throw notAnswered(status);
    this.begin(events);
    objectsIn(output).forEach((item, index) => this.items.finish(index, item, events));
    const counted = usageOf({ usage });
    if (counted) events.push(counted);
    this.reason = status === 'completed' ? 'stop' : cutBy(response);
  }
}

function cutBy({ incomplete_details: details }: JsonObject): FinishReason {
  return objectIn(details)['reason'] === FILTERED ? 'content_filter' : 'length';
}

/** A Response that is not over is no answer to a call that waits for one. */
function notAnswered(status: JsonValue | undefined): UpstreamFailure {
  if (status !== 'failed' && status !== 'cancelled') return malformed('a Response that has not ended');
  const error = new GatewayError('upstream_error', undefined, { cause: `a Response that is ${status}` });
  return new UpstreamFailure(error, { retryable: true, targetFault: true });
}

/** Servers with a single item leave out its index. */
function indexIn(frame: JsonObject, field: string): number {
  const index = frame[field] ?? 0;
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < MAX_INDEX) return index;
  throw malformed('an item out of range');
}
