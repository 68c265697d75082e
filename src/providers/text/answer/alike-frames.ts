import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import type { Extras, SpokenEvent } from '../../../text/text-event.js';

type Words = Extract<SpokenEvent, { type: 'text' | 'reasoning' }>;

/** No text of a model, and nothing that JSON would have to escape. */
const PROBE = '\u2063alike\u2063';
/** What JSON escapes in a string, or cannot have in one. */
// eslint-disable-next-line no-control-regex -- JSON forbids them
const SPECIAL = /["\\\u0000-\u001f]/;
/** From so many lessons on, each must have saved the parsing of as many frames. */
const LESSONS = 4;

/** V8 copies a part of a text that has no more characters; a longer one points to the whole, and keeps it. */
const MOST_COPIED = 12;

/** OpenAI pads its frames by a field of this name, so that their lengths tell nothing. */
const PADDING = 'obfuscation';
const PADDED = /^[A-Za-z0-9]+$/;

interface Lesson {
  /** The frame up to and with the quote before its words. */
  readonly before: string;
  /** From the quote after its words to the quote before its padding; undefined without padding. */
  readonly between: string | undefined;
  /** The rest, from the quote after its words or its padding. */
  readonly after: string;
  readonly event: Words;
}

/** What a frame has in the places where frames that are alike differ. */
interface Told {
  readonly words: string;
  readonly padding: string | undefined;
}

/**
 * Most frames of a stream on the chat wire differ from the one before in their words alone. Such a frame need not be
 * parsed: what is around the words is the same text, so it means the same. One frame of a kind is parsed twice to learn
 * where its words are, and what is learnt holds until a frame comes that is not alike.
 */
export class AlikeFrames {
  private lesson: Lesson | undefined;
  private lessons = 0;
  private spared = 0;

  /** @returns the one event of the frame; undefined when it has to be parsed */
  read(frame: string): Words | undefined {
    const { lesson } = this;
    if (!lesson) return undefined;
    const told = toldIn(frame, lesson);
    if (!told) {
      this.lesson = undefined;
      return undefined;
    }
    this.spared += 1;
    return eventOf(lesson.event, told);
  }

  /** @param events what the frame was converted to */
  learn(frame: string, parsed: JsonObject, events: readonly SpokenEvent[]): void {
    const [event] = events;
    if (!event || events.length > 1 || !saysWordsAlone(event)) return;
    if (this.lessons >= LESSONS && this.spared < this.lessons * LESSONS) return;
    this.lessons += 1;
    this.lesson = lessonIn(frame, parsed, event);
  }
}

function toldIn(frame: string, { before, between, after }: Lesson): Told | undefined {
  let end = frame.length - after.length;
  if (end <= before.length || !frame.startsWith(before) || !frame.endsWith(after)) return undefined;
  let padding: string | undefined;
  if (between !== undefined) {
    const start = frame.lastIndexOf('"', end - 1) + 1;
    padding = frame.slice(start, end);
    if (!PADDED.test(padding) || !frame.endsWith(between, start)) return undefined;
    end = start - between.length;
    if (end <= before.length) return undefined;
  }
  const written = frame.slice(before.length, end);
  const isOwn = written.length <= MOST_COPIED && !SPECIAL.test(written);
  const words = isOwn ? written : unescaped(written);
  return words === undefined ? undefined : { words, padding };
}

function eventOf(event: Words, { words, padding }: Told): Words {
  if (padding === undefined) return { ...event, text: words };
  const answer = { ...event.extras?.answer, [PADDING]: padding };
  return { ...event, text: words, extras: { ...event.extras, answer } };
}

/** A text of its own; undefined for what is not the inside of one JSON string. */
function unescaped(written: string): string | undefined {
  return valueOf(`"${written}"`) as string | undefined;
}

function valueOf(json: string): JsonValue | undefined {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    return undefined;
  }
}

function saysWordsAlone(event: SpokenEvent): event is Words {
  if (event.type !== 'reasoning' && (event.type !== 'text' || event.logprobs !== undefined)) return false;
  return event.text !== '';
}

/** The field of the words is the only one of the delta that has them, and the frame with other words shows them there. */
function lessonIn(frame: string, parsed: JsonObject, event: Words): Lesson | undefined {
  if (!areOf(parsed, event.extras)) return undefined;
  const delta = deltaIn(parsed);
  const names = Object.keys(delta).filter((name) => delta[name] === event.text);
  const [name] = names;
  if (name === undefined || names.length > 1) return undefined;
  const field = frame.indexOf(`${JSON.stringify(name)}:`);
  const words = JSON.stringify(event.text);
  const start = frame.indexOf(words, field + name.length + 3) + 1;
  if (field === -1 || start === 0) return undefined;
  const before = frame.slice(0, start);
  const [between, after] = aroundPadding(frame.slice(start + words.length - 2), parsed[PADDING]);
  // What was found may be the end of one string and the beginning of the next: then this is no JSON.
  const probe = between === undefined ? PROBE : `${PROBE}${between}${PROBE}`;
  const probed = valueOf(before + probe + after);
  if (deltaIn(probed)[name] !== PROBE) return undefined;
  if (between !== undefined && isJsonObject(probed) && probed[PADDING] !== PROBE) return undefined;
  return { before, between, after, event };
}

/** Cuts what follows the words at the padding, if there is any. */
function aroundPadding(rest: string, padding: JsonValue | undefined): [string | undefined, string] {
  if (typeof padding !== 'string' || !PADDED.test(padding)) return [undefined, rest];
  const start = rest.lastIndexOf(`"${padding}"`) + 1;
  return start === 0 ? [undefined, rest] : [rest.slice(0, start), rest.slice(start + padding.length)];
}

/** Whether a frame has these fields itself: some wait for the next event, and are not to be told twice. */
function areOf(frame: JsonObject, { answer, choice, message }: Extras = {}): boolean {
  return isPartOf(frame, answer) && isPartOf(choiceIn(frame), choice) && isPartOf(deltaIn(frame), message);
}

function isPartOf(whole: JsonObject, part: JsonObject = {}): boolean {
  return Object.entries(part).every(([name, value]) => whole[name] === value);
}

/** The only choice. */
function choiceIn(frame: JsonValue | undefined): JsonObject {
  const choices = isJsonObject(frame) ? frame.choices : undefined;
  const [choice] = Array.isArray(choices) && choices.length === 1 ? (choices as readonly JsonValue[]) : [];
  return isJsonObject(choice) ? choice : {};
}

/** The delta of the only choice. */
function deltaIn(frame: JsonValue | undefined): JsonObject {
  const { delta } = choiceIn(frame);
  return isJsonObject(delta) ? delta : {};
}
