import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { StreamReader } from '../../../src/providers/text/answer/stream-reader.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { sse } from '../../support/chat-wire.js';
import { growth } from '../../support/growth.js';
import { expectedOf, RECORDED_GEMINI, recordedFrames, replayed } from '../../support/recorded-answers.js';
import { type Handler } from '../../support/scripted-upstream.js';
import { GeminiFixture, readingFor } from './gemini-fixture.js';
import { joinedAnswer, type JoinedAnswer } from '../joined-answer.js';
import { spokenText } from '../support.js';

const MAX_FRAME_BYTES = 64 * 1024 * 1024;

const gemini = new GeminiFixture();

function read(pieces: readonly Buffer[], isEnded = false): { events: SpokenEvent[]; failure?: unknown } {
  const reader = new StreamReader(readingFor({ web_search_options: {} }), MAX_FRAME_BYTES);
  const events: SpokenEvent[] = [];
  for (const piece of isEnded ? [...pieces, undefined] : pieces) {
    const step = reader.accept(piece && [piece]);
    for (const event of step.events) events.push(event);
    if (step.failure) return { events, failure: step.failure.reason };
  }
  return { events };
}

function piecesOf(bytes: Buffer, size: number): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.subarray(start, start + size));
  return pieces;
}

const said = (parts: JsonObject[], more: JsonObject = {}): JsonObject => ({
  candidates: [{ index: 0, content: { role: 'model', parts }, ...more }],
});
const frames = (count: number, frame: (i: number) => JsonObject): Buffer =>
  Buffer.from(sse(...Array.from({ length: count }, (_, i) => frame(i))));

describe('what the service says', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 8 });
  const part = fc.oneof<fc.Arbitrary<JsonObject>[]>(
    fc.record({ text: word }),
    fc.record({ text: word, thought: fc.constant(true) }),
    fc.record({ text: word, thoughtSignature: fc.base64String({ maxLength: 8 }) }),
    fc.record({ functionCall: fc.record({ name: word, args: fc.dictionary(word, word, { maxKeys: 2 }) }) }),
    fc.dictionary(word, fc.oneof(word, fc.integer(), fc.constant(null)), { maxKeys: 3 }),
  );
  const frame = fc.oneof<fc.Arbitrary<JsonObject>[]>(
    fc.record({
      candidates: fc.array(
        fc.record({
          index: fc.constantFrom(0, 0, 1),
          content: fc.record({ parts: fc.array(part, { maxLength: 3 }) }),
          finishReason: fc.constantFrom('', 'STOP', 'MAX_TOKENS', 'SAFETY', 'NEW', 'MALFORMED_FUNCTION_CALL'),
        }),
        { maxLength: 2 },
      ),
      usageMetadata: fc.dictionary(
        fc.constantFrom('promptTokenCount', 'candidatesTokenCount', 'totalTokenCount'),
        fc.oneof(fc.nat(1_000), fc.constantFrom(-1, 0.5, 2 ** 40, 'x')),
      ),
    }),
    fc.dictionary(word, word, { maxKeys: 3 }),
    fc.constant({ promptFeedback: { blockReason: 'SAFETY' } }),
    fc.constant({ error: { code: 503, message: 'SECRET' } }),
  );

  /** Minted ids differ from reading to reading. */
  const plain = (outcome: { events: SpokenEvent[]; failure?: unknown }): string =>
    JSON.stringify([outcome.events, (outcome.failure as Error | undefined)?.message]).replace(
      /call_[0-9a-f]{32}/g,
      'made',
    );

  it('is the same wherever its bytes are cut, and ends properly or with a failure', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), (values, size) => {
        const bytes = Buffer.from(sse(...values));
        const whole = read([bytes], true);
        const cut = read(piecesOf(bytes, size), true);
        expect(plain(cut)).toBe(plain(whole));
        if (whole.failure !== undefined) expect(whole.failure).toBeInstanceOf(UpstreamFailure);
        else expect(whole.events.some(({ type }) => type === 'finish')).toBe(true);
        const finished = whole.events.findIndex(({ type }) => type === 'finish');
        const behind = finished < 0 ? [] : whole.events.slice(finished).filter(({ type }) => type === 'text');
        expect(behind).toEqual([]);
      }),
    );
  });

  const streams = RECORDED_GEMINI.filter((name) => name.endsWith('.sse'));

  it.each(streams)('%s, cut behind any of its frames, is what came, and no success', async (name) => {
    const all = recordedFrames(name).filter((text) => text.startsWith('data:') || text.includes('\ndata:'));
    const expected = expectedOf(name) as JoinedAnswer;
    for (let count = 0; count < all.length; count += 1) {
      gemini.upstream.next(replayed(name, { frames: count }));
      const joined = joinedAnswer(await gemini.ask({ web_search_options: {} }));
      const isFinished = joined.error === undefined;
      // A reason may come before the last frame; what comes behind it is lost without notice.
      if (isFinished) expect(name).toBe('gemini/text-behind-finish.sse');
      else expect(joined.error).toBe('upstream_error');
      expect(expected.text ?? '').toContain(joined.text ?? '');
    }
  });
});

describe('an answer is an upstream_error', () => {
  const half = sse(said([{ text: 'partial' }]));

  it.each<[string, Handler, string]>([
    ['empty', (exchange) => exchange.end(), ''],
    ['HTML', (exchange) => exchange.end('<html></html>'), ''],
    ['without a candidate', (exchange) => exchange.end(sse({ usageMetadata: { promptTokenCount: 1 } })), ''],
    ['without an end', (exchange) => exchange.end(half), 'partial'],
    ['half a frame', (exchange) => exchange.end(`${half}data: {"cand`), 'partial'],
    ['no object', (exchange) => exchange.end(`${half}data: [1]\n\n`), 'partial'],
    [
      'a candidate out of range',
      (exchange) => exchange.end(half + sse({ candidates: [{ index: 128 }] })),
      'partial',
    ],
    [
      'unfinished in one of two candidates',
      (exchange) => exchange.end(half + sse({ candidates: [{ index: 1, finishReason: 'STOP' }] })),
      'partial',
    ],
    [
      'broken in the middle',
      async (exchange) => {
        await exchange.send(half);
        exchange.breakConnection();
      },
      'partial',
    ],
  ])('when it is %s', async (_name, handler, text) => {
    gemini.upstream.next(handler);
    const { events, failure } = await gemini.ask();
    expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
    expect(spokenText(events)).toBe(text);
  });

  it('when it has too many calls', () => {
    const { failure } = read([frames(1_025, () => said([{ functionCall: { name: 'f' } }]))]);
    expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
  });
});

/** By what grows: the bytes of a stream of `size`, and into which pieces they are cut. */
const SHAPES: readonly (readonly [string, number, (size: number) => Buffer, number])[] = [
  ['words', 4_000, (n) => frames(n, () => said([{ text: 'x' }])), 65_536],
  ['words in tiny pieces', 1_000, (n) => frames(n, () => said([{ text: 'x' }])), 3],
  ['unknown fields', 2_000, (n) => frames(n, (i) => ({ ...said([{ text: 'x' }]), [`f${i}`]: i })), 65_536],
  [
    'unknown fields of one frame',
    8_000,
    (n) => frames(1, () => Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, i]))),
    65_536,
  ],
  [
    'parts of one frame',
    8_000,
    (n) => frames(1, () => said(Array(n).fill({ text: 'x' }) as JsonObject[])),
    65_536,
  ],
  ['signatures', 2_000, (n) => frames(n, () => said([{ text: 'x', thoughtSignature: 'QUJD' }])), 65_536],
  [
    'calls',
    200,
    (n) => frames(n, (i) => said([{ functionCall: { id: `c${i}`, name: 'f', args: { i } } }])),
    65_536,
  ],
  [
    'usage',
    2_000,
    (n) =>
      frames(n, (i) => ({
        ...said([{ text: 'x' }]),
        usageMetadata: { promptTokenCount: 5, candidatesTokenCount: i },
      })),
    65_536,
  ],
  [
    'candidates',
    2_000,
    (n) => frames(n, (i) => ({ candidates: [{ index: i % 128, content: { parts: [{ text: 'x' }] } }] })),
    65_536,
  ],
  [
    'citations',
    1_000,
    (n) =>
      frames(1, () =>
        said([{ text: 'x'.repeat(n) }], {
          finishReason: 'STOP',
          groundingMetadata: {
            groundingChunks: Array.from({ length: n }, (_, i) => ({
              web: { uri: `https://a.example/${i}` },
            })),
            groundingSupports: Array.from({ length: n }, (_, i) => ({
              segment: { startIndex: i, endIndex: i + 1 },
              groundingChunkIndices: [i],
            })),
          },
        }),
      ),
    65_536,
  ],
];

describe('what the service says costs work in proportion to its length, whatever grows:', () => {
  it.each(SHAPES)('%s', (_name, size, bytesOf, pieceBytes) => {
    const [small, large] = [bytesOf(size / 4), bytesOf(size * 4)].map((bytes) => piecesOf(bytes, pieceBytes));
    read(small!, true);
    // Sixteen times as much is sixteen times the work; quadratic would be 256.
    const bound = 80;
    const ratio = growth(
      () => read(small!, true),
      () => read(large!, true),
      bound,
    );
    expect(ratio).toBeLessThan(bound);
  });
});
