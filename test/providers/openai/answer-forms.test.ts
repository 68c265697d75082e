import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenAiTextProvider } from '../../../src/providers/openai/openai-text-provider.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { expectedOf, recorded, recordedFrames, replayed } from '../../support/recorded-answers.js';
import {
  type Handler,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';
import {
  attemptFor,
  modelFor,
  outcomeOf,
  requestFor,
  settingsFor,
  spokenText,
  targetFor,
} from '../support.js';
import { joinedAnswer } from '../joined-answer.js';

let upstream: ScriptedUpstream;
let provider: OpenAiTextProvider;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  provider = new OpenAiTextProvider(settingsFor(upstream.url));
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await provider.destroy();
  await upstream.close();
});

async function answerOf(
  handler: Handler,
  stream: boolean,
): Promise<{ batches: number; events: SpokenEvent[]; failure?: unknown }> {
  upstream.next(handler);
  const target = targetFor(settingsFor(upstream.url));
  const request = requestFor(modelFor([target]), { stream });
  let batches = 0;
  const counted = async function* (): AsyncGenerator<readonly SpokenEvent[]> {
    for await (const batch of provider.generate(attemptFor(target, { request }))) {
      batches += 1;
      yield batch;
    }
  };
  return { ...(await outcomeOf(counted())), batches };
}

const STREAM = 'openai-usage-in-last-chunk.sse';
const frames = recordedFrames(STREAM);
const role = frames[0]!;
const streamed = frames.join('');
const whole = recorded('openai-whole.json').toString();
const hello = expectedOf(STREAM);

const send =
  (bytes: string | Buffer, headers: Record<string, string> = {}): Handler =>
  async (exchange) => {
    exchange.head(200, headers);
    await exchange.send(bytes);
    exchange.end();
  };

describe('an answer', () => {
  it.each<[string, string, boolean, Record<string, string>]>([
    ['JSON for a stream', whole, true, { 'content-type': 'application/json' }],
    ['JSON for a stream, behind blank lines', `\n\n  ${whole}`, true, { 'content-type': 'application/json' }],
    ['JSON behind a mark, for a stream', `\uFEFF${whole}`, true, {}],
    ['JSON behind a mark', `\uFEFF${whole}`, false, {}],
    ['JSON that says it is a stream', whole, true, { 'content-type': 'text/event-stream' }],
    ['JSON without a type', whole, true, {}],
    ['a stream for a whole answer', streamed, false, { 'content-type': 'text/event-stream' }],
    ['a stream that says it is JSON', streamed, false, { 'content-type': 'application/json' }],
    ['a stream with a mark in front', `\uFEFF: hi\n\n${streamed}`, true, {}],
    ['single line ends between frames', streamed.replaceAll('\n\n', '\n'), true, {}],
    ['CRs', streamed.replaceAll('\n', '\r'), true, {}],
  ])('may be %s', async (_name, body, stream, headers) => {
    expect(joinedAnswer(await answerOf(send(body, headers), stream))).toEqual(hello);
  });

  it.each([
    ['a comment inside data', 'data: : PROCESSING\n\n'],
    ['a comment inside data, with frames behind it at once', 'data: : PROCESSING\n'],
    ['a named ping', 'event: ping\ndata: whatever\n\n'],
    ['a named keep-alive', 'event: keepalive\ndata: keepalive\n\n'],
    ['a keep-alive without a name', 'data: keep-alive\n\n'],
    ['a ping as an object', 'data: {"type":"ping"}\n\n'],
    ['nothing', 'data: null\n\n'],
  ])('may hold %s', async (_name, keepAlive) => {
    const body = frames.map((frame) => keepAlive + frame).join('');
    expect(joinedAnswer(await answerOf(send(body), true))).toEqual(hello);
  });

  it('asks for no coding, since a proxy may take silence for any', async () => {
    await answerOf(send(whole), false);
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each<[string, (text: string) => Buffer]>([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['deflate, GZIP', (text) => gzipSync(deflateSync(text))],
    ['identity', (text) => Buffer.from(text)],
  ])('is unpacked from %s', async (coding, pack) => {
    for (const stream of [true, false]) {
      const body = pack(stream ? streamed : whole);
      const { events } = await answerOf(send(body, { 'content-encoding': coding }), stream);
      expect(spokenText(events)).toBe('Hello');
    }
  });

  it('is an error when its coding is unknown, broken or cut off', async () => {
    const packed = gzipSync(whole);
    for (const [coding, body] of [
      ['zstd', packed],
      ['br', Buffer.from('no such thing')],
      ['gzip', packed.subarray(0, packed.length - 12)],
    ] as const) {
      const { failure } = await answerOf(send(body, { 'content-encoding': coding }), false);
      expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
    }
  });

  it('is refused when it unpacks to far more than any answer', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, ':\n'));
    for (const stream of [true, false]) {
      const { failure } = await answerOf(send(bomb, { 'content-encoding': 'gzip' }), stream);
      expect(failure).toMatchObject({ error: { code: 'upstream_error' } });
    }
  });

  it.each(['packed', 'a frame'])('that refuses may be %s', async (form) => {
    const error = JSON.stringify({ error: { code: 'context_length_exceeded' } });
    const refuse: Handler = async (exchange) => {
      exchange.head(400, form === 'packed' ? { 'content-encoding': 'gzip' } : {});
      await exchange.send(form === 'packed' ? gzipSync(error) : `event:error\ndata:${error}\n\n`);
      exchange.end();
    };
    const { failure } = await answerOf(refuse, true);
    expect(failure).toMatchObject({ error: { code: 'context_length_exceeded' } });
  });

  it('that is an error with a success status is mapped by its code', async () => {
    const body = JSON.stringify({ error: { code: 'context_length_exceeded' } });
    for (const stream of [true, false]) {
      const { failure } = await answerOf(send(body), stream);
      expect(failure).toMatchObject({ error: { code: 'context_length_exceeded' } });
    }
  });
});

describe('the first word', () => {
  it('takes along what came before it and says nothing', async () => {
    const { events, batches } = await answerOf(async (exchange) => {
      await exchange.send(role);
      for (const chunk of [chatChunk({ content: '', audio: null }), usageChunk(chatUsage(10, 0))])
        await exchange.send(sse(chunk));
      exchange.end(frames.slice(1).join(''));
    }, true);
    expect(spokenText(events)).toBe('Hello');
    expect(events[0]).toMatchObject({ type: 'opened' });
    expect(batches).toBeLessThanOrEqual(2);
  });

  it.each<[string, Handler]>([
    ['is refused', replayed('bifrost-rate-limit-behind-role.sse')],
    ['is cut off', replayed(STREAM, { frames: 1 })],
    ['fails', replayed('zai-network-error-behind-role.sse')],
    [
      'breaks',
      async (exchange) => {
        await exchange.send(role);
        exchange.breakConnection();
      },
    ],
  ])('is still to be said when an answer %s behind its role', async (_name, handler) => {
    const { events, failure } = await answerOf(handler, true);
    expect(events).toEqual([]);
    expect(failure).toMatchObject({ options: { retryable: true } });
  });
});
