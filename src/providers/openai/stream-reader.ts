import type { TextEvent } from '../text/text-event.js';
import { ChunkConverter } from './convert-chunk.js';
import { malformed } from '../http/malformed.js';
import { isErrorFrame, mapErrorFrame, type RequestContext } from './map-error.js';
import { parseObject } from '../http/parse-object.js';
import { SseParser } from './parse-stream.js';

export interface StreamStep {
  /** What was said in these bytes, up to the failure if there is one. */
  readonly events: readonly TextEvent[];
  readonly ended: boolean;
  readonly failure?: { readonly reason: unknown };
}

/** The bytes of one streamed answer in, events out. The same bytes give the same events, wherever they are cut. */
export class StreamReader {
  private readonly parser = new SseParser((data) => this.frame(data));
  private readonly converter = new ChunkConverter();
  private events: TextEvent[] = [];
  private done = false;

  constructor(private readonly errors: RequestContext) {}

  /** @param chunks are the next bytes; undefined at the end of the answer. */
  accept(chunks: readonly Buffer[] | undefined): StreamStep {
    this.events = [];
    try {
      if (chunks) for (const chunk of chunks) this.parser.push(chunk);
      else this.parser.end();
      const ended = this.done || !chunks;
      if (ended && !this.converter.complete) throw malformed('a stream without a finish reason');
      return { events: this.events, ended };
    } catch (reason) {
      return { events: this.events, ended: true, failure: { reason } };
    }
  }

  private frame(data: string): void {
    if (this.done) return;
    if (data.trim() === '[DONE]') {
      this.done = true;
      return;
    }
    const frame = parseObject(data);
    if (isErrorFrame(frame)) throw mapErrorFrame(frame, { ...this.errors, nowMs: Date.now() });
    this.converter.convert(frame, this.events);
  }
}
