import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/base/json.js';
import { readingOf } from '../../../src/providers/anthropic/anthropic-text-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { growth } from '../../support/growth.js';
import { type Frame, framesOf, messageOf, namedFrames } from '../../support/messages-wire.js';
import { recordedFrames, recordedIn } from '../../support/recorded-answers.js';
import { type Outcome, piecesOf, readStream } from '../read-pieces.js';
import { modelFor, requestFor } from '../support.js';
import { joinedAnswer } from '../joined-answer.js';

const reading = readingOf(requestFor(modelFor([])), 'scripted', {});

const read = (pieces: Iterable<Buffer>): Outcome => readStream(reading, pieces);

const block: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => ({ type: 'text', text })),
  fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 1 })).map(([thinking, signature]) => ({
    type: 'thinking',
    thinking,
    signature,
  })),
  fc.record({
    type: fc.constant('tool_use'),
    id: fc.constantFrom('a', 'b', ''),
    name: fc.constantFrom('look', 'feel'),
    input: fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
  }),
  fc.record({ type: fc.constant('redacted_thinking'), data: fc.string({ minLength: 1 }) }),
  fc.constant({ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
);

/** A frame that may be anything, of a type that may mean something. */
const mess: fc.Arbitrary<Frame> = fc.record(
  {
    type: fc.constantFrom(
      ...[
        'message_start',
        'content_block_start',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
      ],
      ...['message_stop', 'message', 'mystery'],
    ),
    index: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.jsonValue()),
    message: fc.jsonValue(),
    content_block: fc.oneof(block, fc.jsonValue()),
    delta: fc.oneof(
      fc.jsonValue(),
      fc.record({
        type: fc.constantFrom('text_delta', 'signature_delta', 'input_json_delta'),
        text: fc.jsonValue(),
      }),
      fc.record({ stop_reason: fc.jsonValue() }),
    ),
    usage: fc.jsonValue(),
    content: fc.jsonValue(),
  },
  { requiredKeys: ['type'] },
);

/** Without ids that the gateway makes anew each time. */
function comparable(outcome: { events: SpokenEvent[]; failure?: unknown }): string {
  const text = JSON.stringify(outcome.events).replaceAll(/"call_[0-9a-f]{32}"/g, '"made"');
  return 'failure' in outcome ? `${text} failed` : text;
}

describe('an answer', () => {
  it('gives the same events streamed and whole', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
        const message = messageOf(blocks);
        const whole = read([Buffer.from(namedFrames(message))]);
        const streamed = read([Buffer.from(namedFrames(...framesOf(message)))]);
        expect(joinedAnswer(streamed)).toEqual(joinedAnswer(whole));
      }),
    );
  });

  it('gives the same events wherever its bytes are cut, and ends or fails, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(mess, { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        (frames, pieceBytes) => {
          const bytes = Buffer.from(namedFrames(...frames));
          const whole = read([bytes]);
          expect(comparable(read(piecesOf(bytes, pieceBytes)))).toBe(comparable(whole));
          if ('failure' in whole) expect(whole.failure).toBeInstanceOf(UpstreamFailure);
          else expect(whole.events.filter(({ type }) => type === 'finish')).toHaveLength(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(recordedIn('messages').filter((name) => name.endsWith('.sse')))(
    'that ends behind any frame of %s is an error, unless it told why it ends',
    (name) => {
      const frames = recordedFrames(name);
      frames.forEach((_frame, index) => {
        const some = frames.slice(0, index);
        const isTold = some.some((frame) => frame.includes('"stop_reason":"'));
        const { failure } = read([Buffer.from(some.join(''))]);
        expect({ index, failed: failure instanceof UpstreamFailure }).toEqual({ index, failed: !isTold });
      });
    },
  );
});

const START: Frame = { type: 'message_start', message: messageOf([]) };
const many = (count: number, frame: (i: number) => Frame): Buffer =>
  Buffer.from(namedFrames(START, ...Array.from({ length: count }, (_, i) => frame(i))));
const opens = (index: number, content: JsonObject): Frame => ({
  type: 'content_block_start',
  index,
  content_block: content,
});
const delta = (index: number, of: JsonObject): Frame => ({
  type: 'content_block_delta',
  index,
  delta: of,
});
const citation: JsonObject = { type: 'web_search_result_location', url: 'https://a.b', title: 'c' };

const SHAPES: readonly (readonly [string, number, (size: number) => Buffer])[] = [
  ['text in tiny pieces', 2_000, (n) => many(n, () => delta(0, { type: 'text_delta', text: 'x' }))],
  [
    'thinking in tiny pieces',
    2_000,
    (n) => many(n, () => delta(0, { type: 'thinking_delta', thinking: 'x' })),
  ],
  ['blocks that never stop', 2_000, (n) => many(n, (i) => opens(i % 60_000, { type: 'text', text: 'x' }))],
  [
    'one block again and again',
    2_000,
    (n) => many(n, () => opens(0, { type: 'thinking', thinking: '', signature: 'x' })),
  ],
  [
    'signatures',
    2_000,
    (n) => many(n, () => delta(0, { type: 'signature_delta', signature: 'x'.repeat(100) })),
  ],
  [
    'citations',
    2_000,
    (n) =>
      many(n, (i) =>
        i === 0 ? opens(0, { type: 'text', text: '' }) : delta(0, { type: 'citations_delta', citation }),
      ),
  ],
  [
    'counts',
    2_000,
    (n) => many(n, (i) => ({ type: 'message_delta', delta: {}, usage: { output_tokens: i, [`f${i}`]: 1 } })),
  ],
  ['unknown fields', 2_000, (n) => many(n, (i) => ({ type: 'ping2', [`f${i}`]: 1 }))],
  [
    'input of a tool in tiny pieces',
    2_000,
    (n) =>
      many(n, (i) =>
        i === 0
          ? opens(0, { type: 'tool_use', id: 'a', name: 'look', input: {} })
          : delta(0, { type: 'input_json_delta', partial_json: 'x' }),
      ),
  ],
];

describe('what an upstream says costs work in proportion to its length, whatever grows:', () => {
  it.each(SHAPES)('%s', (_name, size, bytesOf) => {
    const [small, large] = [bytesOf(size / 4), bytesOf(size * 4)];
    read(piecesOf(small, 65_536));
    // Sixteen times as much is sixteen times the work; quadratic would be 256.
    const bound = 80;
    const ratio = growth(
      () => read(piecesOf(small, 65_536)),
      () => read(piecesOf(large, 65_536)),
      bound,
    );
    expect(ratio).toBeLessThan(bound);
  });

  it('too many calls, and a block out of range, end it', () => {
    const calls = read([
      many(1_025, (i) => opens(i, { type: 'tool_use', id: `a${i}`, name: 'look', input: {} })),
    ]);
    expect(calls.failure).toMatchObject({ error: { code: 'upstream_error' } });
    const far = read([many(1, () => opens(65_536, { type: 'text', text: '' }))]);
    expect(far.failure).toMatchObject({ error: { code: 'upstream_error' } });
  });
});
