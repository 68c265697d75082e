import type { AnswerReading } from '../text/answer/answer-converter.js';
import { ChunkConverter } from './convert-chunk.js';
import { isErrorFrame, mapErrorFrame, type RequestContext } from '../map-error.js';

/** How answers to this request are read. */
export function readingOf(asked: RequestContext): AnswerReading {
  return {
    newConverter: () => new ChunkConverter(asked),
    failureIn: (frame, event) =>
      event === 'error' || isErrorFrame(frame)
        ? mapErrorFrame(frame, { ...asked, nowMs: Date.now() })
        : undefined,
  };
}
