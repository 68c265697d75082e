import type { AnswerReading } from '../../src/providers/text/answer/answer-converter.js';
import { StreamReader } from '../../src/providers/text/answer/stream-reader.js';
import type { StreamStep } from '../../src/providers/text/answer/stream-reader.js';
import type { SpokenEvent } from '../../src/text/text-event.js';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;

export interface Outcome {
  readonly events: SpokenEvent[];
  readonly failure?: unknown;
}

interface Reader {
  accept(chunks: readonly Buffer[] | undefined): StreamStep;
}

/** What is read of a stream that comes in these pieces and then ends. */
export function readStream(reading: AnswerReading, pieces: Iterable<Buffer>): Outcome {
  return readPieces(new StreamReader(reading, MAX_FRAME_BYTES), pieces);
}

/** What a reader says of an answer that comes in these pieces and then ends. */
export function readPieces(reader: Reader, pieces: Iterable<Buffer>): Outcome {
  const events: SpokenEvent[] = [];
  const take = ({ events: more, failure, ended }: StreamStep): Outcome | undefined => {
    for (const event of more) events.push(event);
    if (failure) return { events, failure: failure.reason };
    return ended ? { events } : undefined;
  };
  for (const piece of pieces) {
    const outcome = take(reader.accept([piece]));
    if (outcome) return outcome;
  }
  return take(reader.accept(undefined)) ?? { events };
}

export function* piecesOf(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += pieceBytes)
    yield bytes.subarray(start, start + pieceBytes);
}
