import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { StreamReader } from '../../../src/providers/text/answer/stream-reader.js';
import type { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { type DialectWire, DIALECT_WIRES, streamOf } from '../../support/dialect-wires.js';
import { growth } from '../../support/growth.js';
import { heldBytes } from '../../support/held-bytes.js';
import { joinedAnswer } from '../joined-answer.js';
import { piecesOf, readStream } from '../read-pieces.js';
import { readingOver } from './read-wires.js';

const MIB = 1024 ** 2;
const MAX_FRAME_BYTES = 64 * MIB;
/** As much as a read of a socket brings. */
const PIECE_BYTES = 65_536;
/** Sixteen times as much is sixteen times the work; quadratic would be 256. */
const BOUND = 80;
const WORDS = ['One ', 'two ', 'three.'];
const USED = { input: 10, output: 5 };

interface Read {
  readonly count: number;
  readonly text: string;
  readonly failure: unknown;
}

/** Reads as a call does: what was said is handed on, and not kept. */
function read(wire: DialectWire, pieces: Iterable<Buffer>, look: () => void = () => undefined): Read {
  const reader = new StreamReader(readingOver(wire), MAX_FRAME_BYTES);
  let count = 0;
  let last: readonly SpokenEvent[] = [];
  for (const piece of pieces) {
    const { events, failure } = reader.accept([piece]);
    count += events.filter(({ type }) => type === 'text').length;
    last = events;
    if (failure) return { count, text: textIn(last), failure: failure.reason };
  }
  look();
  const { failure } = reader.accept(undefined);
  return { count, text: textIn(last), failure: failure?.reason };
}

function textIn(events: readonly SpokenEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}

/** The frame again and again, in pieces as they come from a socket, between the beginning and the end of an answer. */
function* repeated(wire: DialectWire, frame: string, times: number): Generator<Buffer> {
  const atOnce = Math.max(1, Math.floor(PIECE_BYTES / frame.length));
  const piece = Buffer.from(frame.repeat(atOnce));
  yield Buffer.from(wire.start);
  for (let left = times; left > 0; left -= atOnce)
    yield left >= atOnce ? piece : Buffer.from(frame.repeat(left));
  yield Buffer.from(wire.end(USED));
}

/** A frame with one word of this size, without its bytes at the end, which come in the last piece. */
function* oneFrame(wire: DialectWire, size: number): Generator<Buffer> {
  const [before = '', after = ''] = wire.word('|').split('|');
  const piece = Buffer.alloc(PIECE_BYTES, 'x');
  yield Buffer.from(wire.start + before);
  for (let left = size - before.length - after.length; left > 0; left -= PIECE_BYTES)
    yield left >= PIECE_BYTES ? piece : Buffer.alloc(left, 'x');
  yield Buffer.from(after);
}

describe.each(DIALECT_WIRES)('a stream of $name', (wire) => {
  it('costs work in proportion to its frames, up to 30,000 with fields that nobody knows', () => {
    const bytesOf = (count: number): Buffer => {
      const frames = Array.from({ length: count }, (_, i) => wire.word('x', { [`f${i}`]: i }));
      return Buffer.from(wire.start + frames.join('') + wire.end(USED, { more: 1 }));
    };
    const [small, large] = [bytesOf(30_000 / 16), bytesOf(30_000)];
    expect(read(wire, piecesOf(large, PIECE_BYTES))).toMatchObject({ count: 30_000, failure: undefined });
    const ratio = growth(
      () => read(wire, piecesOf(small, PIECE_BYTES)),
      () => read(wire, piecesOf(large, PIECE_BYTES)),
      BOUND,
    );
    expect(ratio).toBeLessThan(BOUND);
  });

  it('costs work in proportion to the end of it, where that has the fields', () => {
    const endOf = (count: number): Buffer => {
      const fields = Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i]));
      return Buffer.from(wire.start + wire.word('x') + wire.end(USED, fields));
    };
    const [small, large] = [endOf(30_000 / 16), endOf(30_000)];
    expect(read(wire, [large])).toMatchObject({ failure: undefined });
    const ratio = growth(
      () => read(wire, [small]),
      () => read(wire, [large]),
      BOUND,
    );
    expect(ratio).toBeLessThan(BOUND);
  });

  it('of a million tiny frames costs 16 times the work of a sixteenth, and holds nothing of them', () => {
    const frame = wire.word('x');
    const before = heldBytes();
    let held = 0;
    const ratio = growth(
      () => read(wire, repeated(wire, frame, 1_000_000 / 16)),
      () =>
        expect(
          read(wire, repeated(wire, frame, 1_000_000), () => (held = heldBytes() - before)),
        ).toMatchObject({ count: 1_000_000, failure: undefined }),
      BOUND,
      1,
    );
    expect(ratio).toBeLessThan(BOUND);
    expect(held).toBeLessThan(8 * MIB);
  });

  it('may have a frame of 64 MB at the price of its size, and holds it once while it comes', () => {
    const size = MAX_FRAME_BYTES - 1_000;
    const before = heldBytes();
    let held = 0;
    const pieces = function* (): Generator<Buffer> {
      for (const [position, piece] of [...oneFrame(wire, size)].entries()) {
        if (position === Math.floor(size / PIECE_BYTES)) held = heldBytes() - before;
        yield piece;
      }
      yield Buffer.from(wire.end(USED));
    };
    const ratio = growth(
      () => read(wire, oneFrame(wire, size / 16)),
      () => expect(read(wire, pieces())).toMatchObject({ count: 1, failure: undefined }),
      BOUND,
      1,
    );
    expect(ratio).toBeLessThan(BOUND);
    expect(held).toBeGreaterThan(size / 2);
    expect(held).toBeLessThan(MAX_FRAME_BYTES + 8 * MIB);
    expect(heldBytes() - before).toBeLessThan(8 * MIB);
  });

  it('may have no frame that is longer, and holds nothing of it', () => {
    const before = heldBytes();
    // A failure that is kept keeps all that stood on the stack where it was made.
    const code = (): unknown => {
      const { failure } = read(wire, oneFrame(wire, MAX_FRAME_BYTES + PIECE_BYTES));
      return (failure as UpstreamFailure).error.code;
    };
    expect(code()).toBe('upstream_error');
    expect(heldBytes() - before).toBeLessThan(8 * MIB);
  });

  const whole = streamOf(wire, WORDS, USED);
  const frames = whole.split(/(?<=\n\n)/).filter((frame) => frame !== '');
  const expected = joinedAnswer(readStream(readingOver(wire), [Buffer.from(whole)]));

  it('is the same wherever its bytes are cut', () => {
    const bytes = Buffer.from(whole);
    expect(expected).toMatchObject({ text: WORDS.join(''), finish: 'stop' });
    expect(joinedAnswer(readStream(readingOver(wire), piecesOf(bytes, 1)))).toEqual(expected);
    for (const cut of bytes.keys()) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
      expect({ cut, ...joinedAnswer(readStream(readingOver(wire), pieces)) }).toEqual({ cut, ...expected });
    }
  });

  it('that ends behind any of its frames has said what came, and failed unless it had ended', () => {
    frames.forEach((_frame, count) => {
      const some = frames.slice(0, count).join('');
      const { text = '', finish, error } = joinedAnswer(readStream(readingOver(wire), [Buffer.from(some)]));
      const said = WORDS.filter((word) => some.includes(word)).join('');
      const isOver = /"stop"|"end_turn"|"STOP"|response\.completed/.test(some);
      expect({ count, text, finish, error }).toEqual({
        ...{ count, text: said },
        ...(isOver ? { finish: 'stop', error: undefined } : { finish: undefined, error: 'upstream_error' }),
      });
    });
  });

  it('may have what nobody knows between any two of its frames', () => {
    const mysteries = (i: number): string => wire.unknown({ [`m${i}`]: [{ text: 'no word' }] });
    const mixed = frames.map((frame, i) => mysteries(i) + frame).join('');
    const { extras: _extras, ...plain } = expected;
    const { extras: _more, ...read } = joinedAnswer(readStream(readingOver(wire), [Buffer.from(mixed)]));
    expect(read).toEqual(plain);
  });

  it('counts what the last of its usages says, and nothing where it says none', () => {
    const usageOf = (text: string): JsonObject | undefined =>
      joinedAnswer(readStream(readingOver(wire), [Buffer.from(text)])).usage;
    const begun = wire.start + wire.word('One');
    const once = usageOf(begun + wire.end(USED));
    expect(once).toMatchObject({ inputTokens: 10, outputTokens: 5 });
    expect(usageOf(begun + wire.counts({ input: 3, output: 1 }) + wire.word('two') + wire.end(USED))).toEqual(
      once,
    );
    expect(usageOf(begun + wire.end(undefined))).toBeUndefined();
  });
});
