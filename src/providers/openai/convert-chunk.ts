import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import { malformed } from '../http/malformed.js';
import { isErrorFrame, mapErrorFrame, type RequestContext } from '../map-error.js';
import type { Extras, FinishReason, SpokenEvent } from '../../text/text-event.js';
import { namesTool } from '../../text/prompt.js';
import type { AnswerConverter } from '../text/answer/answer-converter.js';
import { convertContent } from './convert-content.js';
import { usageOf } from './convert-usage.js';
import { failedFinish, mapFinishReason } from './map-finish-reason.js';
import { ToolCalls } from './tool-calls.js';
import { ANSWER_FIELDS, CHOICE_FIELDS, UnknownFields } from './unknown-fields.js';
import { WaitingFields } from './waiting-fields.js';

/** The most choices a request can ask for. */
const MAX_CHOICES = 128;

interface Choice {
  readonly index: number;
  readonly calls: ToolCalls;
  reason: FinishReason | undefined;
  /** Choice fields of chunks that only finished the choice. */
  readonly waiting: WaitingFields;
}

/**
 * Converts the chunks of one answer to events. A whole `chat.completion` counts as one chunk whose deltas are
 * complete. Usage is cumulative: when it comes more than once, the last one counts. Some upstreams continue after a
 * finish reason, so a choice finishes when the answer does, with the last reason that is more specific than `stop`.
 */
export class ChunkConverter implements AnswerConverter {
  private readonly choices = new Map<number, Choice>();
  private readonly unknown = new UnknownFields();
  /** Answer fields of chunks that held nothing else. */
  private readonly waiting = new WaitingFields();
  /** A forced call is no reason to continue, and OpenAI says `stop`. */
  private readonly isCallForced: boolean;

  private readonly asked: number;

  /** @param context the request, for what may be said of an error */
  constructor(private readonly context: RequestContext) {
    const { prompt } = context;
    this.isCallForced = namesTool(prompt?.toolChoice);
    this.asked = prompt?.choices ?? 1;
  }

  /** @throws UpstreamFailure for a choice that is out of range or failed. */
  convert(chunk: JsonObject, events: SpokenEvent[]): void {
    const first = events.length;
    if (Array.isArray(chunk.choices)) {
      const choices: readonly JsonValue[] = chunk.choices;
      choices.forEach((choice, position) => {
        if (isJsonObject(choice)) this.convertChoice(choice, position, events);
      });
    }
    const usage = usageOf(chunk);
    if (usage) events.push(usage);

    const fields = this.unknown.of(chunk, ANSWER_FIELDS);
    if (isExtensible(events[first])) this.addAnswerFields(events, first, fields);
    else this.waiting.add(fields);
  }

  /** Whether at least one choice began, and every choice that began has finished. */
  get complete(): boolean {
    return this.choices.size > 0 && [...this.choices.values()].every(({ reason }) => reason !== undefined);
  }

  /** Whether all choices that were asked for have finished. */
  get whole(): boolean {
    return this.complete && this.choices.size === this.asked;
  }

  /** Ends the calls and the choices at the end of the answer. A choice without a reason has ended, too. */
  finish(events: SpokenEvent[]): void {
    const first = events.length;
    for (const { index, calls, reason = 'stop', waiting } of this.choices.values()) {
      calls.end(events, reason === 'length' || reason === 'content_filter');
      const called = reason === 'stop' && calls.made && !this.isCallForced;
      const choice = waiting.takeWith(undefined);
      events.push({
        type: 'finish',
        choice: index,
        reason: called ? 'tool_calls' : reason,
        ...(choice && { extras: { choice } }),
      });
    }
    this.addAnswerFields(events, first, undefined);
  }

  private addAnswerFields(events: SpokenEvent[], position: number, fields: JsonObject | undefined): void {
    const answer = this.waiting.takeWith(fields);
    if (answer) extend(events, position, { answer });
  }

  private convertChoice(object: JsonObject, position: number, events: SpokenEvent[]): void {
    const index = typeof object.index === 'number' ? object.index : position;
    const first = events.length;
    const choice = this.choices.get(index) ?? this.begin(index, events);
    const message = isJsonObject(object.delta) ? object.delta : object.message;
    if (isJsonObject(message)) convertMessage(message, choice, object.logprobs ?? undefined, events);

    // OpenRouter has the error of its own upstream here: https://openrouter.ai/docs/api-reference/overview.
    if (isErrorFrame(object)) throw mapErrorFrame(object, { ...this.context, nowMs: Date.now() });
    const reason = mapFinishReason(object.finish_reason);
    if (reason === 'failed') throw failedFinish(object.finish_reason);
    if (reason && (choice.reason === undefined || reason !== 'stop')) choice.reason = reason;
    this.keepUnknownFields(object, message, choice, events, first);
  }

  private begin(index: number, events: SpokenEvent[]): Choice {
    if (!Number.isInteger(index) || index < 0 || index >= MAX_CHOICES)
      throw malformed('a choice out of range');
    const choice: Choice = {
      index,
      calls: new ToolCalls(index, this.unknown),
      reason: undefined,
      waiting: new WaitingFields(),
    };
    this.choices.set(index, choice);
    events.push({ type: 'start', choice: index });
    return choice;
  }

  private keepUnknownFields(
    object: JsonObject,
    message: JsonValue | undefined,
    { index, reason, waiting }: Choice,
    events: SpokenEvent[],
    first: number,
  ): void {
    const choiceFields = this.unknown.of(object, CHOICE_FIELDS);
    const messageFields = isJsonObject(message) ? this.unknown.ofMessage(message) : undefined;
    if (events.length === first && reason && !messageFields) return waiting.add(choiceFields);
    if (!choiceFields && !messageFields) return;
    if (events.length === first) events.push({ type: 'text', choice: index, text: '' });
    extend(events, first, {
      ...(choiceFields && { choice: choiceFields }),
      ...(messageFields && { message: messageFields }),
    });
  }
}

function convertMessage(
  message: JsonObject,
  { index, calls }: Choice,
  logprobs: JsonValue | undefined,
  events: SpokenEvent[],
): void {
  const spoken = convertContent(message);
  const probabilities = logprobs === undefined ? {} : { logprobs };
  if (spoken.reasoning !== '') events.push({ type: 'reasoning', choice: index, text: spoken.reasoning });
  if (spoken.text !== '' || (logprobs !== undefined && spoken.refusal === '')) {
    events.push({ type: 'text', choice: index, text: spoken.text, ...probabilities });
  }
  if (Array.isArray(message.annotations)) {
    for (const annotation of message.annotations as readonly JsonValue[]) {
      if (isJsonObject(annotation)) events.push({ type: 'annotation', choice: index, annotation });
    }
  }
  if (spoken.refusal !== '') {
    const own = spoken.text === '' ? probabilities : {};
    events.push({ type: 'refusal', choice: index, text: spoken.refusal, ...own });
  }
  if (Array.isArray(message.tool_calls)) {
    for (const delta of message.tool_calls as readonly JsonValue[]) calls.convert(delta, events);
  }
}

type ExtensibleEvent = Extract<SpokenEvent, { readonly extras?: Extras }>;

function isExtensible(event: SpokenEvent | undefined): event is ExtensibleEvent {
  return event !== undefined && event.type !== 'opened' && event.type !== 'usage_refused';
}

function extend(events: SpokenEvent[], position: number, extras: Extras): void {
  const event = events[position];
  if (isExtensible(event))
    events[position] = { ...event, extras: event.extras ? { ...event.extras, ...extras } : extras };
}
