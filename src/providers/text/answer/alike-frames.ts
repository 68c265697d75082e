import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import type { SpokenEvent } from '../../../text/text-event.js';

type Words = Extract<SpokenEvent, { type: 'text' | 'reasoning' }>;

/** No text of a model, and nothing that JSON would have to escape. */
const PROBE = '\u2063alike\u2063';
/** What JSON escapes in a string, or cannot have in one. */
// eslint-disable-next-line no-control-regex -- JSON forbids them
const SPECIAL = /["\\\u0000-\u001f]/;
/** From so many lessons on, each must have saved the parsing of as many frames. */
const LESSONS = 4;

interface Lesson {
  /** Of the frame, up to and with the quote before its words, and from the quote after them. */
  readonly before: string;
  readonly after: string;
  readonly event: Words;
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
    const words = wordsIn(frame, lesson);
    if (words === undefined) {
      this.lesson = undefined;
      return undefined;
    }
    this.spared += 1;
    return { ...lesson.event, text: words };
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

function wordsIn(frame: string, { before, after }: Lesson): string | undefined {
  const end = frame.length - after.length;
  if (end <= before.length || !frame.startsWith(before) || !frame.endsWith(after)) return undefined;
  const written = frame.slice(before.length, end);
  return SPECIAL.test(written) ? unescaped(written) : written;
}

/** Undefined for what is not the inside of one JSON string. */
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
  return event.text !== '' && event.extras === undefined;
}

/** The field of the words is the only one of the delta that has them, and the frame with other words shows them there. */
function lessonIn(frame: string, parsed: JsonObject, event: Words): Lesson | undefined {
  const delta = deltaIn(parsed);
  const names = Object.keys(delta).filter((name) => delta[name] === event.text);
  const [name] = names;
  if (name === undefined || names.length > 1) return undefined;
  const field = frame.indexOf(`${JSON.stringify(name)}:`);
  const words = JSON.stringify(event.text);
  const start = frame.indexOf(words, field + name.length + 3) + 1;
  if (field === -1 || start === 0) return undefined;
  const before = frame.slice(0, start);
  const after = frame.slice(start + words.length - 2);
  // What was found may be the end of one string and the beginning of the next: then this is no JSON.
  const probed = deltaIn(valueOf(before + PROBE + after));
  return probed[name] === PROBE ? { before, after, event } : undefined;
}

/** The delta of the only choice. */
function deltaIn(frame: JsonValue | undefined): JsonObject {
  const choices = isJsonObject(frame) ? frame.choices : undefined;
  const [choice] = Array.isArray(choices) && choices.length === 1 ? (choices as readonly JsonValue[]) : [];
  return isJsonObject(choice) && isJsonObject(choice.delta) ? choice.delta : {};
}
