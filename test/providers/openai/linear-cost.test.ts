import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { exceedsDepth } from '../../../src/providers/http/json-depth.js';
import { readingOf } from '../../../src/providers/openai/reading.js';
import { StreamReader } from '../../../src/providers/text/answer/stream-reader.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { chatChunk, sse } from '../../support/chat-wire.js';
import { growth } from '../../support/growth.js';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;

function read(bytes: Buffer, pieceBytes: number): { events: SpokenEvent[]; failure?: unknown } {
  const reader = new StreamReader(readingOf({}), MAX_FRAME_BYTES);
  const events: SpokenEvent[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const step = reader.accept([bytes.subarray(start, start + pieceBytes)]);
    for (const event of step.events) events.push(event);
    if (step.failure) return { events, failure: step.failure.reason };
  }
  return { events };
}

const frames = (count: number, frame: (i: number) => JsonObject): Buffer =>
  Buffer.from(sse(...Array.from({ length: count }, (_, i) => frame(i))));

const call = (index: number | undefined, id: string, name: string, text: string): JsonObject =>
  chatChunk({
    tool_calls: [{ ...(index !== undefined && { index }), id, function: { name, arguments: text } }],
  });

/** By what grows: the bytes of a stream of `size`, and into which pieces they are cut. */
const SHAPES: readonly (readonly [string, number, (size: number) => Buffer, number])[] = [
  ['new answer fields', 1_500, (n) => frames(n, (i) => ({ [`f${i}`]: 1, choices: [] })), 65_536],
  ['answer fields that come again', 1_500, (n) => frames(n, (i) => ({ f: i, g: 'x', choices: [] })), 65_536],
  ['new fields of words', 1_500, (n) => frames(n, (i) => chatChunk({ content: 'x', [`g${i}`]: 1 })), 65_536],
  ['calls', 250, (n) => frames(n, (i) => call(i, `c${i}`, 'f', '{}')), 65_536],
  [
    'pieces of many calls without an index',
    1_500,
    (n) => frames(n, (i) => call(undefined, `c${i % 900}`, i < 900 ? 'f' : '', 'x')),
    65_536,
  ],
  [
    'pieces that repeat the name',
    1_500,
    (n) => frames(n, (i) => call(0, 'a', 'f', i === 0 ? '{"a":"' : 'xxxxxxxx')),
    65_536,
  ],
  [
    'fields of one call',
    1_500,
    (n) =>
      frames(n, (i) =>
        chatChunk({ tool_calls: [{ index: 0, id: 'a', sign: i, function: { name: 'f', arguments: '' } }] }),
      ),
    65_536,
  ],
  [
    'new fields of one call without a name',
    256,
    (n) => frames(n, (i) => chatChunk({ tool_calls: [{ index: 0, id: 'a', [`f${i}`]: i }] })),
    65_536,
  ],
  ['a line in tiny pieces', 20_000, (n) => Buffer.from(`data: {"x":"${'y'.repeat(n)}"}\n\n`), 1],
  [
    'data lines of one frame',
    50_000,
    (n) => Buffer.from(`data: {"x":[0\n${'data: ,1\n'.repeat(n)}data: ]}\n\n`),
    1_024,
  ],
  ['comments', 15_000, (n) => Buffer.from(': ping\n\n'.repeat(n)), 1_024],
  [
    'choices',
    1_500,
    (n) => frames(n, (i) => ({ choices: [{ index: i % 128, delta: { content: 'x' } }] })),
    65_536,
  ],
];

describe('what an upstream says costs work in proportion to its length, whatever grows:', () => {
  it.each(SHAPES)('%s', (_name, size, bytesOf, pieceBytes) => {
    const [small, large] = [bytesOf(size / 4), bytesOf(size * 4)];
    read(small, pieceBytes);
    // Sixteen times as much is sixteen times the work; quadratic would be 256.
    const bound = 80;
    const ratio = growth(
      () => read(small, pieceBytes),
      () => read(large, pieceBytes),
      bound,
    );
    expect(ratio).toBeLessThan(bound);
  });
});

describe('what does not fit', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  it('ends the stream with an error when it is nested too deeply, after what was said before it', () => {
    const frame = `data: {"choices":[{"index":0,"delta":{"annotations":[{"q":${nested(100_000)}}]}}]}\n\n`;
    const { events, failure } = read(Buffer.from(sse(chatChunk({ content: 'a' })) + frame), 65_536);
    expect(events).toContainEqual({ type: 'text', choice: 0, text: 'a' });
    expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
  });

  it.each([
    [nested(256), false],
    [nested(257), true],
    [`["${'['.repeat(600)}"]`, false],
    [`["\\"${'['.repeat(600)}\\\\"]`, false],
    [`["\\\\",${nested(300)}]`, true],
    ['[]'.repeat(1_000), false],
    ['"'.repeat(601), false],
    ['[', false],
  ])('is measured outside of strings: %.20s', (text, exceeds) => {
    expect(exceedsDepth(text, 256)).toBe(exceeds);
  });

  it('ends the stream when it is too many calls', () => {
    const { failure } = read(
      frames(1_025, (i) => call(i, `c${i}`, 'f', '{}')),
      65_536,
    );
    expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
  });

  it('is refused or not by its length alone, however it is cut', () => {
    const frame = Buffer.from(`data: ${'é'.repeat(500)}\n\n`);
    for (const [limit, fits] of [
      [1_006, true],
      [1_005, false],
    ] as const) {
      for (const pieceBytes of [1, 7, frame.length]) {
        const reader = new StreamReader(readingOf({}), limit);
        const failures: unknown[] = [];
        for (let start = 0; start < frame.length; start += pieceBytes)
          failures.push(reader.accept([frame.subarray(start, start + pieceBytes)]).failure?.reason);
        const cause = (failures.find((reason) => reason !== undefined) as Error).cause;
        expect((cause as Error).cause).toBe(
          fits ? 'text that is not JSON' : 'a frame is longer than its limit',
        );
      }
    }
  });
});
