import { Gathering } from '../../../base/gathering.js';
import { malformed } from '../../http/malformed.js';
import { MAX_ANSWER_BYTES } from '../../http/read-body.js';
import type { SpokenEvent } from '../../../text/text-event.js';
import type { AnswerReading } from './answer-converter.js';
import { convertWhole } from './convert-whole.js';
import { StreamReader, type StreamStep } from './stream-reader.js';

const BLANKS: ReadonlySet<number> = new Set(Buffer.from('\uFEFF \t\r\n'));
const JSON_STARTS: ReadonlySet<number> = new Set(Buffer.from('{['));
const NOTHING: StreamStep = { events: [], ended: false };

/**
 * Reads an answer in either form: some servers never stream, others always do, and either may be labelled as the
 * other. No line of an event stream begins with a brace or a bracket, so the first byte that is not blank decides.
 */
export class AnswerReader {
  private form: 'unknown' | 'stream' | 'json' = 'unknown';
  private stream: StreamReader | undefined;
  private readonly json = new Gathering();
  /** Of what was accepted last. */
  lastBytes = 0;

  constructor(
    private readonly reading: AnswerReading,
    private readonly maxFrameBytes: number,
  ) {}

  /** @param chunks the next bytes; undefined at the end of the answer. */
  accept(chunks: readonly Buffer[] | undefined): StreamStep {
    if (this.form === 'unknown' && chunks) this.form = formOf(chunks);
    this.lastBytes = 0;
    for (const { length } of chunks ?? []) this.lastBytes += length;
    return this.form === 'json' ? this.gather(chunks) : this.frames.accept(chunks);
  }

  /** Called instead of `accept` when the connection broke. */
  broken(reason: unknown): StreamStep {
    return this.form === 'json'
      ? { events: [], ended: true, failure: { reason } }
      : this.frames.broken(reason);
  }

  private get frames(): StreamReader {
    return (this.stream ??= new StreamReader(this.reading, this.maxFrameBytes));
  }

  private gather(chunks: readonly Buffer[] | undefined): StreamStep {
    try {
      if (!chunks) return { events: convertWhole(this.json.bytes(), this.reading), ended: true };
      for (const chunk of chunks) this.json.add(chunk);
      if (this.json.size > MAX_ANSWER_BYTES) throw malformed('an answer longer than its limit');
      return NOTHING;
    } catch (reason) {
      return { events: [], ended: true, failure: { reason } };
    }
  }
}

/** Reads a complete answer. @throws UpstreamFailure when it is not an answer. */
export function readAnswer(
  body: Buffer,
  reading: AnswerReading,
  maxFrameBytes: number,
): readonly SpokenEvent[] {
  if (formOf([body]) === 'json') return convertWhole(body, reading);
  const reader = new StreamReader(reading, maxFrameBytes);
  const first = reader.accept([body]);
  const steps = first.ended ? [first] : [first, reader.accept(undefined)];
  for (const { failure } of steps) if (failure) throw failure.reason;
  return steps.flatMap(({ events }) => events);
}

function formOf(chunks: readonly Buffer[]): 'unknown' | 'stream' | 'json' {
  for (const chunk of chunks) {
    const first = chunk.find((byte) => !BLANKS.has(byte));
    if (first !== undefined) return JSON_STARTS.has(first) ? 'json' : 'stream';
  }
  return 'unknown';
}
