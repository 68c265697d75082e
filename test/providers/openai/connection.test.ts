import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderSettings, Target } from '../../../src/catalog/model.js';
import { OpenAiTextProvider } from '../../../src/providers/openai/openai-text-provider.js';
import type { TextAttempt } from '../../../src/providers/text/text-provider.js';
import type { SpokenEvent } from '../../../src/text/text-event.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import { chatPrompt } from '../../support/chat-prompt.js';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import {
  completion,
  type Handler,
  refusal,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import {
  attemptFor,
  modelFor,
  outcomeOf,
  requestFor,
  settingsFor,
  spokenText,
  targetFor,
} from '../support.js';

let upstream: ScriptedUpstream;
let providers: OpenAiTextProvider[];

beforeEach(async () => {
  upstream = await startScriptedUpstream();
  providers = [];
});

afterEach(async () => {
  await Promise.all(providers.map((provider) => provider.destroy()));
  await upstream.close();
});

function connect(overrides: Partial<ProviderSettings> = {}, url = upstream.url) {
  const target: Target = targetFor(settingsFor(url, overrides));
  const provider = new OpenAiTextProvider(target.provider);
  providers.push(provider);
  return (stream: boolean, attempt: Partial<TextAttempt> = {}) =>
    provider.generate(
      attemptFor(target, { request: requestFor(modelFor([target]), { stream }), ...attempt }),
    );
}

describe('a call', () => {
  it('goes to the chat route with the key and the headers of its provider', async () => {
    const generate = connect({ headers: { 'X-Extra': 'yes' } });
    expect(spokenText((await outcomeOf(generate(false))).events)).toBe('Hello!');
    expect(upstream.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: {
        authorization: 'Bearer upstream-key',
        'content-type': 'application/json',
        accept: 'application/json',
        'x-extra': 'yes',
      },
      body: { model: 'upstream-model', stream: false },
    });
  });

  it('sends no Authorization without a key, and keeps the query of the base URL', async () => {
    const generate = connect({ apiKey: undefined }, `${upstream.url}/deployments/x?api-version=7`);
    await outcomeOf(generate(true));
    expect(upstream.requests[0]?.headers.authorization).toBeUndefined();
    expect(upstream.requests[0]?.path).toBe('/v1/deployments/x/chat/completions?api-version=7');
  });

  it.each([true, false])('reuses the sockets of those before (streamed: %p)', async (stream) => {
    const generate = connect();
    for (let calls = 0; calls < 8; calls += 1) await outcomeOf(generate(stream));
    expect(upstream.acceptedSockets).toBeLessThanOrEqual(2);
  });

  it('reuses the sockets of refusals', async () => {
    upstream.next(refusal(400)).next(refusal(500));
    const generate = connect();
    for (let calls = 0; calls < 8; calls += 1) await outcomeOf(generate(true));
    expect(upstream.acceptedSockets).toBeLessThanOrEqual(2);
  });

  it('ends with [DONE], and closes a socket that the upstream keeps open after it', async () => {
    let closedMs: Promise<number> | undefined;
    upstream.next(async (exchange) => {
      closedMs = exchange.aborted;
      await exchange.send(sse(chatChunk({ content: 'a' }, 'stop'), '[DONE]'));
    });
    const startMs = performance.now();
    expect((await outcomeOf(connect()(true))).failure).toBeUndefined();
    expect(performance.now() - startMs).toBeLessThan(30_000);
    expect((await closedMs!) - startMs).toBeLessThan(30_000);
  });

  it.each<[string, string, Handler, Partial<ProviderSettings>]>([
    ['is reset', '', (exchange) => exchange.breakConnection(), {}],
    ['is reset in half a frame', 'data: {"us', (exchange) => exchange.breakConnection(), {}],
    ['stays open', '', () => undefined, { silenceTimeoutMs: 500 }],
    ['stays open too long', '', () => undefined, { timeoutMs: 1_000 }],
  ])('ends well when all was said and its socket %s', async (_fate, tail, then, limits) => {
    const usage = usageChunk(chatUsage(7, 3));
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ content: 'a' }, 'stop'), usage) + tail);
      await then(exchange);
    });
    const { events, failure } = await outcomeOf(connect(limits)(true));
    expect(failure).toBeUndefined();
    expect(events).toContainEqual(expect.objectContaining({ type: 'usage' }));
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
  });

  it('is broken off when a choice is missing that was asked for', async () => {
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ content: 'a' }, 'stop')));
      exchange.breakConnection();
    });
    const target = targetFor(settingsFor(upstream.url));
    const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], n: 2 };
    const request = requestFor(modelFor([target]), { prompt: chatPrompt(chat) });
    expect((await outcomeOf(connect()(true, { request }))).failure).toBeInstanceOf(UpstreamFailure);
  });

  it('opens no more sockets than allowed', async () => {
    const generate = connect({ maxConnections: 2 });
    await Promise.all(Array.from({ length: 8 }, () => outcomeOf(generate(true))));
    expect(upstream.requests).toHaveLength(8);
    expect(upstream.acceptedSockets).toBe(2);
  });
});

describe('a client that leaves', () => {
  it.each([
    ['before the head of a stream', true, false],
    ['in the middle of a stream', true, true],
    ['before the head of a whole answer', false, false],
    ['in the middle of a whole answer', false, true],
  ])('closes the socket of a silent upstream within 100 ms, %s', async (_name, stream, begun) => {
    let closedMs: Promise<number> | undefined;
    upstream.next(async (exchange) => {
      closedMs = exchange.aborted;
      if (begun) await exchange.send(stream ? sse(chatChunk({ content: 'a' })) : '{');
    });
    const controller = new AbortController();
    const outcome = outcomeOf(connect()(stream, { signal: controller.signal }));
    await upstream.arrived(0);
    await until(() => closedMs !== undefined);
    const leftMs = performance.now();
    controller.abort();
    expect((await closedMs!) - leftMs).toBeLessThan(30_000);
    expect((await outcome).failure).not.toBeInstanceOf(UpstreamFailure);
  });

  it('before the connection sends nothing', async () => {
    let sent = false;
    const signal = AbortSignal.abort();
    await outcomeOf(connect()(true, { signal, onSent: () => (sent = true) }));
    expect(sent).toBe(false);
    expect(upstream.requests).toHaveLength(0);
  });

  it('while waiting for a free socket sends nothing', async () => {
    let release = (): void => undefined;
    upstream.next(async (exchange) => {
      await new Promise<void>((resolve) => (release = resolve));
      await completion('one')(exchange);
    });
    const generate = connect({ maxConnections: 1 });
    const first = outcomeOf(generate(true));
    await upstream.arrived(0);
    let sent = false;
    const controller = new AbortController();
    const second = outcomeOf(generate(true, { signal: controller.signal, onSent: () => (sent = true) }));
    controller.abort();
    await second;
    release();
    expect(spokenText((await first).events)).toBe('one');
    expect(spokenText((await outcomeOf(generate(true))).events)).toBe('Hello!');
    expect(sent).toBe(false);
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('an upstream that cannot be reached', () => {
  it('is upstream_unavailable, may be tried again, and does not count as sent', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    let sent = false;
    const generate = connect({}, `http://127.0.0.1:${port}/v1`);
    const { failure } = await outcomeOf(generate(true, { onSent: () => (sent = true) }));
    expect(failure).toMatchObject({
      error: { code: 'upstream_unavailable' },
      options: { retryable: true, targetFault: true },
    });
    expect(sent).toBe(false);
  });

  it('is told from one that breaks off before it answers, which counts as sent', async () => {
    upstream.next((exchange) => exchange.breakConnection());
    let sent = 0;
    const { failure } = await outcomeOf(connect()(true, { onSent: () => (sent += 1) }));
    expect(failure).toMatchObject({ error: { code: 'upstream_error' }, options: { retryable: true } });
    expect(sent).toBe(1);
  });
});

describe('the clocks of a call', () => {
  const timedOut = { error: { code: 'upstream_timeout' }, options: { retryable: false } };

  it.each([
    ['first byte', { firstByteTimeoutMs: 60 }, true, false],
    ['silence', { silenceTimeoutMs: 60 }, true, true],
    ['whole time of a stream', { timeoutMs: 60 }, true, true],
    ['whole time of a whole answer', { timeoutMs: 60 }, false, false],
  ])('end it by the %s', async (_name, limits, stream, begun) => {
    let closedMs: Promise<number> | undefined;
    upstream.next(async (exchange) => {
      closedMs = exchange.aborted;
      if (begun) await exchange.send(sse(chatChunk({ content: 'a' })));
    });
    expect((await outcomeOf(connect(limits)(stream))).failure).toMatchObject(timedOut);
    await closedMs;
  });

  it('count silence only while somebody reads', async () => {
    let release = (): void => undefined;
    upstream.next(async (exchange) => {
      await exchange.send(sse(chatChunk({ content: 'a' })));
      await new Promise<void>((resolve) => (release = resolve));
      await exchange.send(sse(chatChunk({ content: 'b' })));
      await new Promise<void>((resolve) => (release = resolve));
      exchange.stream(chatChunk({}, 'stop'));
    });
    const iterator = connect({ silenceTimeoutMs: 5_000 })(true)[Symbol.asyncIterator]();
    const seen: SpokenEvent[] = [];
    const read = async (): Promise<void> => {
      const batch = await iterator.next();
      if (batch.done !== true) seen.push(...batch.value);
    };
    await read();
    const reading = read();
    release();
    await reading;
    const idleUntilMs = performance.now() + 6_000;
    await until(() => performance.now() > idleUntilMs);
    release();
    const rest = await outcomeOf({ [Symbol.asyncIterator]: () => iterator });
    expect(rest.failure).toBeUndefined();
    expect(spokenText([...seen, ...rest.events])).toBe('ab');
  });

  it('do not run out for a first byte that came, however long the rest takes', async () => {
    upstream.next(async (exchange) => {
      for (let pieces = 0; pieces < 5; pieces += 1) {
        await exchange.send(sse(chatChunk({ content: 'a' })));
        await new Promise((resolve) => setTimeout(resolve, 1_200));
      }
      exchange.stream(chatChunk({}, 'stop'));
    });
    const { events, failure } = await outcomeOf(connect({ firstByteTimeoutMs: 5_000 })(true));
    expect(failure).toBeUndefined();
    expect(spokenText(events)).toBe('aaaaa');
  });
});

describe('a reader that is slow', () => {
  it('stops the upstream from sending', async () => {
    let sentBytes = 0;
    const frame = sse(chatChunk({ content: 'x'.repeat(60_000) }));
    upstream.next(async (exchange) => {
      const client = { left: false };
      void exchange.aborted.then(() => (client.left = true));
      while (!client.left && sentBytes < 200_000_000) {
        await exchange.send(frame);
        sentBytes += frame.length;
      }
    });
    const controller = new AbortController();
    const iterator = connect()(true, { signal: controller.signal })[Symbol.asyncIterator]();
    await iterator.next();
    let before = -1;
    await until(async () => {
      const quiet = before === sentBytes;
      before = sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return quiet && before === sentBytes;
    });
    expect(sentBytes).toBeLessThan(40_000_000);
    controller.abort();
    await outcomeOf({ [Symbol.asyncIterator]: () => iterator });
  });
});
