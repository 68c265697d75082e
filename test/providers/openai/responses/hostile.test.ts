import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '../../../../src/base/json.js';
import { readingOf } from '../../../../src/providers/openai/responses/responses-text-provider.js';
import { convertWhole } from '../../../../src/providers/text/answer/convert-whole.js';
import { UpstreamFailure } from '../../../../src/providers/upstream-failure.js';
import { growth } from '../../../support/growth.js';
import { recordedFrames, recordedIn } from '../../../support/recorded-answers.js';
import {
  callItem,
  customCallItem,
  eventsOf,
  messageItem,
  reasoningItem,
  textPart,
  wireFrames,
  wireResponse,
  type WireEvent,
} from '../../../support/responses-wire.js';
import { type Outcome, piecesOf, readStream } from '../../read-pieces.js';
import { modelFor, requestFor } from '../../support.js';
import { joinedAnswer } from '../../joined-answer.js';

const reading = readingOf(requestFor(modelFor([])), 'scripted', {});

const read = (pieces: Iterable<Buffer>): Outcome => readStream(reading, pieces);

const text = fc.string({ unit: 'grapheme' });
const item: fc.Arbitrary<JsonObject> = fc.oneof(
  fc
    .array(text, { minLength: 1, maxLength: 3 })
    .map((texts) => messageItem(...texts.map((t) => textPart(t)))),
  text.map((refusal) => messageItem({ type: 'refusal', refusal })),
  fc.tuple(fc.string(), fc.array(text, { maxLength: 3 })).map(([own, parts]) => reasoningItem(own, ...parts)),
  fc
    .tuple(fc.constantFrom('a', 'b', ''), fc.constantFrom('look', 'feel'), fc.json())
    .map((call) => callItem(...call)),
  text.map((input) => customCallItem('c', 'patch', input)),
  fc.constant({ id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search' } }),
);
const end = fc.constantFrom<JsonObject>(
  {},
  { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
  { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
);

const TYPES = [
  ...['response.created', 'response.output_item.added', 'response.output_item.done', 'response.completed'],
  ...['response.output_text.delta', 'response.refusal.delta', 'response.reasoning_text.delta'],
  ...['response.reasoning_summary_text.delta', 'response.function_call_arguments.delta', 'error', 'mystery'],
  ...['response.output_text.annotation.added', 'response.failed', 'response.incomplete', 'response.mystery'],
];

/** An event that may be anything, of a type that may mean something. */
const mess: fc.Arbitrary<WireEvent> = fc.record(
  {
    type: fc.constantFrom(...TYPES),
    output_index: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.jsonValue()),
    content_index: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.jsonValue()),
    summary_index: fc.jsonValue(),
    item: fc.oneof(item, fc.jsonValue()),
    delta: fc.oneof(fc.string(), fc.jsonValue()),
    annotation: fc.jsonValue(),
    logprobs: fc.jsonValue(),
    error: fc.jsonValue(),
    response: fc.oneof(
      fc.tuple(fc.array(item, { maxLength: 3 }), end).map(([output, fields]) => wireResponse(output, fields)),
      fc.record({ status: fc.constantFrom('completed', 'failed', 'queued'), output: fc.jsonValue() }),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: ['type'] },
);

/** Without ids that the gateway makes anew each time. */
function comparable(outcome: Outcome): string {
  const said = JSON.stringify(outcome.events).replaceAll(/"call_[0-9a-f]{32}"/g, '"made"');
  return 'failure' in outcome ? `${said} failed` : said;
}

describe('an answer', () => {
  it('gives the same events streamed and whole, whatever events a server leaves out', () => {
    const dropped = fc.constantFrom(
      /^$/,
      /delta$/,
      /(text|arguments|input|part)\.done$/,
      /added$/,
      /output_item/,
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), end, dropped, (output, fields, without) => {
        const response = wireResponse(output, fields);
        const whole = convertWhole(Buffer.from(JSON.stringify(response)), reading);
        const events = eventsOf(response).filter(({ type }) => !without.test(type));
        const streamed = read([Buffer.from(wireFrames(...events))]);
        // Without the name of its call, a piece of arguments comes with the whole.
        expect(joinedAnswer(streamed)).toEqual(joinedAnswer({ events: whole }));
      }),
    );
  });

  it('gives the same events wherever its bytes are cut, and ends or fails, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(mess, { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        (events, pieceBytes) => {
          const bytes = Buffer.from(wireFrames(...events));
          const whole = read([bytes]);
          expect(comparable(read(piecesOf(bytes, pieceBytes)))).toBe(comparable(whole));
          if ('failure' in whole) expect(whole.failure).toBeInstanceOf(UpstreamFailure);
          else expect(whole.events.filter(({ type }) => type === 'finish')).toHaveLength(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(recordedIn('responses').filter((name) => name.endsWith('.sse') && !name.includes('proxy-crlf')))(
    'that ends behind any event of %s is an error, unless it was the last',
    (name) => {
      const frames = recordedFrames(name);
      frames.forEach((_frame, index) => {
        const some = frames.slice(0, index);
        const isOver = some.some((frame) => /"type":"response\.(?:completed|incomplete)"/.test(frame));
        const { failure } = read([Buffer.from(some.join(''))]);
        expect({ index, failed: failure instanceof UpstreamFailure }).toEqual({ index, failed: !isOver });
      });
    },
  );
});

const many = (count: number, event: (i: number) => WireEvent): Buffer =>
  Buffer.from(wireFrames(...Array.from({ length: count }, (_, i) => event(i))));
const delta = (type: string, fields: JsonObject = {}): WireEvent => ({
  type: `response.${type}.delta`,
  ...{ output_index: 0, content_index: 0, summary_index: 0, delta: 'x' },
  ...fields,
});
const added = (output_index: number, of: JsonObject): WireEvent => ({
  type: 'response.output_item.added',
  output_index,
  item: of,
});

const SHAPES: readonly (readonly [string, (size: number) => Buffer])[] = [
  ['text in tiny pieces', (n) => many(n, () => delta('output_text'))],
  ['a summary in tiny pieces', (n) => many(n, () => delta('reasoning_summary_text'))],
  ['parts of one message', (n) => many(n, (i) => delta('output_text', { content_index: i }))],
  ['items that never end', (n) => many(n, (i) => added(i, messageItem()))],
  ['one item again and again', (n) => many(n, () => added(0, callItem('a', 'look', '')))],
  [
    'ends of one item',
    (n) =>
      many(n, () => ({
        type: 'response.output_item.done',
        output_index: 0,
        item: messageItem(textPart('x'.repeat(100))),
      })),
  ],
  [
    'arguments in tiny pieces',
    (n) => many(n, (i) => (i === 0 ? added(0, callItem('a', 'look', '')) : delta('function_call_arguments'))),
  ],
  [
    'citations',
    (n) =>
      many(n, () => ({
        type: 'response.output_text.annotation.added',
        output_index: 0,
        annotation: { type: 'url_citation', url: 'https://a.b' },
      })),
  ],
  ['unknown fields', (n) => many(n, (i) => ({ type: 'response.mystery', [`f${i}`]: 1 }))],
];

describe('what an upstream says costs work in proportion to its length, whatever grows:', () => {
  it.each(SHAPES)('%s', (_name, bytesOf) => {
    const [small, large] = [bytesOf(500), bytesOf(8_000)];
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

  it('an item out of range ends it', () => {
    const far = read([many(1, () => added(65_536, messageItem()))]);
    expect(far.failure).toMatchObject({ error: { code: 'upstream_error' } });
  });
});
