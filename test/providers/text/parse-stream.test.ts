import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../src/base/errors/gateway-error.js';
import { readingOf } from '../../../src/providers/openai/reading.js';
import { SseParser } from '../../../src/providers/text/answer/parse-stream.js';
import { StreamReader } from '../../../src/providers/text/answer/stream-reader.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatChunk, chatUsage, usageChunk } from '../../support/chat-wire.js';

const MAX_FRAME_BYTES = 8 * 1024 * 1024;

function dataOf(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  const parser = new SseParser(({ lines }) => events.push(lines.join('\n')), MAX_FRAME_BYTES);
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return events;
}

/** Events and failure of a stream that arrives in these pieces. */
function outcomeOf(pieces: readonly Buffer[]): unknown {
  const reader = new StreamReader(readingOf({}), MAX_FRAME_BYTES);
  const events: unknown[] = [];
  for (const chunks of [...pieces.map((piece) => [piece]), undefined]) {
    const step = reader.accept(chunks);
    events.push(...step.events.map(withoutMadeIds));
    if (step.failure) return { events, failure: shown(step.failure.reason) };
    if (step.ended) return { events };
  }
  throw new Error('the stream did not end');
}

/** An id that the gateway makes is another one each time. */
function withoutMadeIds(event: SpokenEvent): SpokenEvent {
  return event.type === 'tool_call_start' && /^call_[0-9a-f]{32}$/.test(event.id)
    ? { ...event, id: 'made' }
    : event;
}

function shown(reason: unknown): unknown {
  return reason instanceof UpstreamFailure ? [reason.error.code, reason.error.message] : reason;
}

const text = fc.string({ unit: 'grapheme', maxLength: 8 });

const chunk = fc.oneof(
  text.map((content) => chatChunk({ content })),
  text.map((reasoning) => chatChunk({ reasoning_content: reasoning })),
  text.map((piece) =>
    chatChunk({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'look', arguments: piece } }] }),
  ),
  text.map((fingerprint) => chatChunk({}, null, { system_fingerprint: fingerprint })),
  text.map((signature) =>
    chatChunk({
      tool_calls: [{ index: 1, id: 'call_1', function: { name: 'find', arguments: '{}' }, extra: signature }],
    }),
  ),
  fc.constantFrom('stop', 'length', 'network_error').map((reason) => chatChunk({ content: 'a' }, reason)),
  fc.constantFrom(usageChunk(chatUsage(3, 4)), usageChunk({ prompt_tokens: -3, completion_tokens: 4 })),
  fc.constantFrom({ type: 'ping' }, { error: { code: 'rate_limit_exceeded' } }),
);

/** What is no chunk, and says nothing. */
const keepAlive = fc.constantFrom(': PROCESSING', 'ping', 'keepalive', 'null');

const legalStream = fc
  .record({
    chunks: fc.array(fc.oneof(chunk, keepAlive), { maxLength: 4 }),
    emptyLines: fc.boolean(),
    lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
    manyLines: fc.boolean(),
    comments: fc.boolean(),
    mark: fc.boolean(),
    finish: fc.boolean(),
    done: fc.boolean(),
    lastLineEnds: fc.boolean(),
  })
  .map(({ chunks, emptyLines, lineEnd, manyLines, comments, mark, finish, done, lastLineEnds }) => {
    const values = [...chunks, ...(finish ? [chatChunk({}, 'stop')] : [])].map((value) =>
      typeof value === 'string' ? value : JSON.stringify(value, null, manyLines ? 1 : 0),
    );
    if (done) values.push('[DONE]');
    const noise = comments ? `: ping${lineEnd}event: message${lineEnd}id: 7${lineEnd}` : '';
    const body = values
      .map(
        (value) =>
          noise +
          value
            .split('\n')
            .map((line) => `data: ${line}`)
            .join(lineEnd),
      )
      .join(emptyLines ? lineEnd + lineEnd : lineEnd);
    return Buffer.from((mark ? '\uFEFF' : '') + body + (lastLineEnds ? lineEnd + lineEnd : ''));
  });

describe('a streamed answer', () => {
  it('has the same outcome wherever its bytes are cut', () => {
    fc.assert(
      fc.property(legalStream, (bytes) => {
        const whole = outcomeOf([bytes]);
        for (let cut = 1; cut < bytes.length; cut += 1) {
          expect(outcomeOf([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
        }
        expect(outcomeOf([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it('says everything that came before a failure in the same bytes', () => {
    const frames = [chatChunk({ content: 'before' }), 'half a fra'].map((value) =>
      typeof value === 'string' ? `data: {${value}` : `data: ${JSON.stringify(value)}\n\n`,
    );
    expect(outcomeOf([Buffer.from(frames.join(''))])).toMatchObject({
      events: [{ type: 'start' }, { type: 'text', text: 'before' }],
      failure: ['upstream_error', new GatewayError('upstream_error').message],
    });
  });
});

describe('the event parser', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['no blank after the colon', 'data:a\n\ndata:b\n\n'],
    ['a byte order mark', '\uFEFFdata: a\n\ndata: b\n\n'],
    ['comments and other fields', ': hello\nevent: x\nid: 1\nretry: 2\ndata: a\n\n:\n\ndata: b\n\n'],
    ['no final line end', 'data: a\n\ndata: b'],
    ['empty events', 'data: a\n\n\n\ndata:\n\ndata\n\ndata: b\n\n'],
  ])('reads lines with %s', (_name, stream) => {
    expect(dataOf([Buffer.from(stream)])).toEqual(['a', 'b']);
  });

  it.each([
    ['data: {"a":1}\nevent: ping\ndata: {"b":2}\n\n', [' {"a":1}', 'ping {"b":2}']],
    ['data: {"a":1}\nevent: ping\ndata: x\n\ndata: {"b":2}\n\n', [' {"a":1}', 'ping x', ' {"b":2}']],
    ['event: x\ndata: {\ndata: "a":1}\nevent: y\ndata: {}\n\n', ['x {"a":1}', 'y {}']],
    ['event: x\ndata: {}\nevent: y\ndata: {}\nevent: z\ndata: [DONE]', ['x {}', 'y {}', 'z [DONE]']],
    ['event: x\ndata: {}\ndata: {}\n\n', ['x {}', ' {}']],
    ['data: {}\nevent: error\n\ndata: {}\n\n', ['error {}', ' {}']],
    ['data: {\nevent: error\ndata: }\n\n', ['error {}']],
  ])('gives %j its names, with empty lines or without', (stream, frames) => {
    for (const size of [1, 3, stream.length]) {
      const seen: string[] = [];
      const parser = new SseParser(
        ({ event, lines }) => seen.push(`${event} ${lines.join('')}`),
        MAX_FRAME_BYTES,
      );
      for (let at = 0; at < stream.length; at += size) parser.push(Buffer.from(stream.slice(at, at + size)));
      parser.end();
      expect(seen).toEqual(frames);
    }
  });

  it('joins the data lines of one event with a line feed', () => {
    expect(dataOf([Buffer.from('data: {"a":\ndata: 1}\n\n')])).toEqual(['{"a":\n1}']);
  });

  it('refuses a line that does not end within 8 MiB', () => {
    const parser = new SseParser(() => undefined, MAX_FRAME_BYTES);
    const piece = Buffer.alloc(1024 * 1024, 'x');
    for (let mebibytes = 0; mebibytes < 8; mebibytes += 1) parser.push(piece);
    expect(() => parser.push(piece)).toThrow(UpstreamFailure);
  });

  it('refuses an event whose data lines together exceed 8 MiB', () => {
    const parser = new SseParser(() => undefined, MAX_FRAME_BYTES);
    const line = Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`);
    for (let lines = 0; lines < 7; lines += 1) parser.push(line);
    expect(() => parser.push(Buffer.concat([line, line]))).toThrow(UpstreamFailure);
  });
});
