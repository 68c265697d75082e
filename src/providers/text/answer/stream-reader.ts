import type { JsonObject } from '../../../base/json.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import { malformed } from '../../http/malformed.js';
import { parseObject } from '../../http/parse-object.js';
import { AlikeFrames } from './alike-frames.js';
import type { AnswerConverter, AnswerReading } from './answer-converter.js';
import { type SseFrame, SseParser } from './parse-stream.js';

export interface StreamStep {
  /** The events of these bytes, up to the failure if there is one. */
  readonly events: readonly SpokenEvent[];
  readonly ended: boolean;
  readonly failure?: { readonly reason: unknown };
}

/** Keep-alive words of servers and proxies, as an event's name, its data or the type of its object. */
const KEEP_ALIVE = /^"?(?:ping|pong|keep[-_ ]?alive|heart[-_ ]?beat|null)"?$/i;

/** Converts the bytes of one streamed answer to events. The same bytes give the same events, wherever they are cut. */
export class StreamReader {
  private readonly parser: SseParser;
  private readonly converter: AnswerConverter;
  private readonly alike = new AlikeFrames();
  private events: SpokenEvent[] = [];
  private done = false;

  /** @param maxFrameBytes limit of one frame. */
  constructor(
    private readonly reading: AnswerReading,
    maxFrameBytes: number,
  ) {
    this.parser = new SseParser((frame) => this.frame(frame), maxFrameBytes);
    this.converter = reading.newConverter();
  }

  /** @param chunks the next bytes; undefined at the end of the answer. */
  accept(chunks: readonly Buffer[] | undefined): StreamStep {
    this.events = [];
    try {
      if (chunks) for (const chunk of chunks) this.parser.push(chunk);
      else this.parser.end();
      const ended = this.done || !chunks;
      if (ended) {
        if (!this.converter.complete) throw malformed('a stream without a finish reason');
        this.converter.finish(this.events);
      }
      return { events: this.events, ended };
    } catch (reason) {
      return { events: this.events, ended: true, failure: { reason } };
    }
  }

  /** Called instead of `accept` when the connection broke; after a complete answer nothing is lost. */
  broken(reason: unknown): StreamStep {
    if (!this.converter.whole) return { events: [], ended: true, failure: { reason } };
    this.events = [];
    try {
      this.converter.finish(this.events);
      return { events: this.events, ended: true };
    } catch (failure) {
      return { events: this.events, ended: true, failure: { reason: failure } };
    }
  }

  private frame({ event, lines }: SseFrame): void {
    if (KEEP_ALIVE.test(event)) return;
    if (lines.length === 1) return this.data(event, lines[0] ?? '');
    const joined = lines.join('\n');
    if (isJson(joined)) this.data(event, joined);
    else for (const line of lines) this.data(event, line);
  }

  private data(event: string, data: string): void {
    const text = data.trim();
    // Some gateways wrap a comment of their upstream: `data: : PROCESSING`.
    if (this.done || text === '' || text.startsWith(':') || KEEP_ALIVE.test(text)) return;
    if (text === '[DONE]') {
      this.done = true;
      return;
    }
    const words = event === '' ? this.alike.read(text) : undefined;
    if (words) {
      this.events.push(words);
      return;
    }
    const frame = parseObject(text);
    const failure = this.reading.failureIn(frame, event);
    if (failure) throw failure;
    if (isKeepAlive(frame)) return;
    const first = this.events.length;
    this.converter.convert(frame, this.events);
    if (event === '') this.alike.learn(text, frame, this.events.slice(first));
  }
}

function isKeepAlive({ type, choices }: JsonObject): boolean {
  return choices === undefined && typeof type === 'string' && KEEP_ALIVE.test(type);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
