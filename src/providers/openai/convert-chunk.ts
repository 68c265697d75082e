import { isJsonObject, type JsonObject, type JsonValue } from '../../json.js';
import type { Extras, TextEvent } from '../text/text-event.js';
import { convertContent } from './convert-content.js';
import { convertUsage } from './convert-usage.js';
import { malformed } from '../http/malformed.js';
import { mapFinishReason } from './map-finish-reason.js';
import { ToolCalls } from './tool-calls.js';
import { ANSWER_FIELDS, CHOICE_FIELDS, MESSAGE_FIELDS, unknownFields } from './unknown-fields.js';

/** The most choices a request can ask for. */
const MAX_CHOICES = 128;

type ExtensibleEvent = Exclude<TextEvent, { type: 'opened' }>;

interface Choice {
  readonly index: number;
  readonly calls: ToolCalls;
  finished: boolean;
}

/**
 * Chunks of one answer in, events out. A whole `chat.completion` counts as one chunk whose deltas are complete. Usage
 * is cumulative: when it comes more than once, the last one counts. What a choice says after its finish is dropped.
 */
export class ChunkConverter {
  private readonly choices = new Map<number, Choice>();
  /** Answer fields of chunks that held nothing else, kept for the next event. */
  private waitingFields: JsonObject | undefined;

  convert(chunk: JsonObject, events: TextEvent[]): void {
    const first = events.length;
    if (Array.isArray(chunk.choices)) {
      const choices: readonly JsonValue[] = chunk.choices;
      choices.forEach((choice, position) => {
        if (isJsonObject(choice)) this.convertChoice(choice, position, events);
      });
    }
    const usage = convertUsage(chunk.usage);
    if (usage) events.push({ type: 'usage', ...usage });

    const fields = unknownFields(chunk, ANSWER_FIELDS);
    if (!fields && !this.waitingFields) return;
    const answer = this.waitingFields ? { ...this.waitingFields, ...fields } : (fields ?? {});
    this.waitingFields = extend(events, first, { answer }) ? undefined : answer;
  }

  /** Whether every choice that began has also finished, and there was one at all. */
  get complete(): boolean {
    return this.choices.size > 0 && this.unfinished().length === 0;
  }

  /** Indexes of the choices that have begun and not finished. */
  unfinished(): readonly number[] {
    return [...this.choices.values()].filter((choice) => !choice.finished).map((choice) => choice.index);
  }

  private convertChoice(object: JsonObject, position: number, events: TextEvent[]): void {
    const index = typeof object.index === 'number' ? object.index : position;
    let choice = this.choices.get(index);
    if (choice?.finished) return;
    const first = events.length;
    if (!choice) {
      if (!Number.isInteger(index) || index < 0 || index >= MAX_CHOICES)
        throw malformed('a choice out of range');
      choice = { index, calls: new ToolCalls(index), finished: false };
      this.choices.set(index, choice);
      events.push({ type: 'start', choice: index });
    }
    const message = isJsonObject(object.delta) ? object.delta : object.message;
    if (isJsonObject(message)) convertMessage(message, choice, object.logprobs ?? undefined, events);

    const reason = mapFinishReason(object.finish_reason);
    if (reason) {
      choice.calls.end();
      choice.finished = true;
      events.push({ type: 'finish', choice: index, reason });
    }
    keepUnknownFields(object, message, events, first, index);
  }
}

function convertMessage(
  message: JsonObject,
  { index, calls }: Choice,
  logprobs: JsonValue | undefined,
  events: TextEvent[],
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

function keepUnknownFields(
  object: JsonObject,
  message: JsonValue | undefined,
  events: TextEvent[],
  first: number,
  index: number,
): void {
  const choiceFields = unknownFields(object, CHOICE_FIELDS);
  const messageFields = isJsonObject(message) ? unknownFields(message, MESSAGE_FIELDS) : undefined;
  if (!choiceFields && !messageFields) return;
  if (events.length === first) events.push({ type: 'text', choice: index, text: '' });
  extend(events, first, {
    ...(choiceFields && { choice: choiceFields }),
    ...(messageFields && { message: messageFields }),
  });
}

/** Adds to the extras of one event; false when there is no such event. */
function extend(events: TextEvent[], position: number, extras: Extras): boolean {
  const event = events[position];
  if (!event || event.type === 'opened') return false;
  events[position] = extended(event, extras);
  return true;
}

function extended(event: ExtensibleEvent, extras: Extras): ExtensibleEvent {
  return { ...event, extras: event.extras ? { ...event.extras, ...extras } : extras };
}
