import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { OpenAiVideoProvider } from '../../../src/providers/openai/video/openai-video-provider.js';
import { UpstreamFailure } from '../../../src/providers/upstream-failure.js';
import type { ContentRequest, VideoContent } from '../../../src/providers/video/video-provider.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { settingsFor, targetFor } from '../support.js';
import { BYTES, bytesOf, failureOf, jobAt, NEVER, PUBLIC_ONLY, serve } from './video-fixture.js';

let upstream: ScriptedUpstream;
let provider: OpenAiVideoProvider;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => {
  upstream.reset();
  provider = new OpenAiVideoProvider(settingsFor(upstream.url, { silenceTimeoutMs: 3_000 }), PUBLIC_ONLY);
});
afterEach(() => provider.destroy());
afterAll(() => upstream.close());

function get(
  request: Partial<ContentRequest> = {},
  { signal = NEVER, from = provider } = {},
): Promise<VideoContent | 'gone'> {
  const target = targetFor(settingsFor(upstream.url));
  return from.content(jobAt(target, 'up_1'), { variant: 'video', ...request }, signal);
}

async function found(...args: Parameters<typeof get>): Promise<VideoContent> {
  const content = await get(...args);
  if (content === 'gone') throw new Error('it is gone');
  return content;
}

const mp4 = { 'content-type': 'video/mp4' };
const sized = { ...mp4, 'content-length': '1000' };

describe('content', () => {
  it('passes with its type, length and validators, and nothing else', async () => {
    const date = 'Sun, 22 Nov 2026 12:00:00 GMT';
    upstream.next(serve(200, { ...sized, etag: '"abc"', 'last-modified': date, 'set-cookie': 'SECRET=1' }));
    const { body, ...rest } = await found();
    expect(rest).toEqual({
      status: 200,
      contentType: 'video/mp4',
      contentLength: 1000,
      etag: '"abc"',
      lastModified: date,
    });
    expect(await bytesOf(body)).toEqual(BYTES);
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: '/v1/videos/up_1/content' });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('range');
  });

  it('of a thumbnail is asked for by its variant', async () => {
    upstream.next(serve(200, { 'content-type': 'image/webp' }));
    const { contentType, body } = await found({ variant: 'thumbnail' });
    expect(contentType).toBe('image/webp');
    body.destroy();
    expect(upstream.requests[0]?.path).toBe('/v1/videos/up_1/content?variant=thumbnail');
  });

  it('leaves out validators that are not as they should be', async () => {
    upstream.next(serve(200, { ...mp4, etag: 'abc def', 'last-modified': 'yesterday' }));
    const { etag, lastModified, body } = await found();
    expect([etag, lastModified]).toEqual([undefined, undefined]);
    body.destroy();
  });

  it.each([
    ['application/octet-stream', 'video/mp4'],
    ['video/webm; codecs=vp9', 'video/webm'],
    ['VIDEO/MP4', 'video/mp4'],
  ])('of type %s is %s', async (sent, shown) => {
    upstream.next(serve(200, { 'content-type': sent }));
    const { contentType, body } = await found();
    expect(contentType).toBe(shown);
    body.destroy();
  });

  it('gives its socket back when it was read to the end', async () => {
    upstream.always(serve(200, sized));
    const before = upstream.acceptedSockets;
    for (let times = 0; times < 5; times += 1) await bytesOf((await found()).body);
    expect(upstream.acceptedSockets - before).toBe(1);
  });

  it.each([404, 410])('is gone after %d', async (status) => {
    upstream.next(refusal(status));
    expect(await get()).toBe('gone');
  });
});

describe('a range', () => {
  it('goes up, and the part comes back', async () => {
    const part = { ...mp4, 'content-length': '10', 'content-range': 'bytes 5-14/1000' };
    upstream.next(serve(206, part, BYTES.subarray(5, 15)));
    const content = await found({ range: 'bytes=5-14' });
    expect(content).toMatchObject({ status: 206, contentLength: 10, contentRange: 'bytes 5-14/1000' });
    expect(await bytesOf(content.body)).toEqual(BYTES.subarray(5, 15));
    expect(upstream.requests[0]?.headers.range).toBe('bytes=5-14');
  });

  it.each([
    ['bytes=5-14', 5, 15],
    ['bytes=990-', 990, 1_000],
    ['bytes=990-5000', 990, 1_000],
    ['bytes=-3', 997, 1_000],
    ['bytes=0-0', 0, 1],
    ['bytes=0-', 0, 1_000],
  ])('%s is cut out when the upstream ignores it', async (range, start, end) => {
    upstream.next(serve(200, sized));
    const content = await found({ range });
    const contentRange = `bytes ${start}-${end - 1}/1000`;
    expect(content).toMatchObject({ status: 206, contentLength: end - start, contentRange });
    expect(await bytesOf(content.body)).toEqual(BYTES.subarray(start, end));
  });

  it.each(['bytes=1000-', 'bytes=-0'])('%s of nothing is 416 with the length', async (range) => {
    upstream.next(serve(200, sized));
    const content = await found({ range });
    expect(content).toMatchObject({ status: 416, contentLength: 0, contentRange: 'bytes */1000' });
    expect(await bytesOf(content.body)).toHaveLength(0);
  });

  it('of nothing is 416 too when the upstream says so', async () => {
    upstream.next(serve(416, { 'content-range': 'bytes */1000' }));
    expect(await found({ range: 'bytes=1000-' })).toMatchObject({
      status: 416,
      contentRange: 'bytes */1000',
    });
  });

  it('of nothing names no length that the upstream does not', async () => {
    upstream.next(serve(416, { 'content-range': 'bytes */SECRET' }));
    expect((await found({ range: 'bytes=1000-' })).contentRange).toBeUndefined();
  });

  it.each(['bytes=1-2,5-6', 'lines=1-2', 'bytes=5-1'])('%s is ignored', async (range) => {
    upstream.next(serve(200, sized));
    const { status, body } = await found({ range });
    expect(status).toBe(200);
    body.destroy();
    expect(upstream.requests[0]?.headers).not.toHaveProperty('range');
  });

  it('of content without a length is all of it', async () => {
    upstream.next(serve(200, mp4));
    const { status, body } = await found({ range: 'bytes=5-14' });
    expect(status).toBe(200);
    body.destroy();
  });
});

describe('an upstream is refused that', () => {
  it.each<[string, Handler, Partial<ContentRequest>]>([
    ['sends a page', serve(200, { 'content-type': 'text/html' }, '<h1>SECRET</h1>'), {}],
    ['sends SVG', serve(200, { 'content-type': 'image/svg+xml' }), { variant: 'thumbnail' }],
    ['sends a picture for a video', serve(200, { 'content-type': 'image/png' }), {}],
    ['sends JSON', (exchange) => exchange.json({ error: 'SECRET' }), {}],
    ['compresses', serve(200, { ...mp4, 'content-encoding': 'gzip' }), {}],
    ['sends a part unasked', serve(206, { ...mp4, 'content-range': 'bytes 0-9/10' }), {}],
    ['sends a part without saying which', serve(206, mp4), { range: 'bytes=0-5' }],
    ['sends another part', serve(206, { ...mp4, 'content-range': 'bytes 7-9/10' }), { range: 'bytes=0-5' }],
    ['sends another end', serve(206, { ...mp4, 'content-range': 'bytes 0-4/10' }), { range: 'bytes=-5' }],
    ['sends more', serve(206, { ...mp4, 'content-range': 'bytes 0-9/10' }), { range: 'bytes=0-5' }],
    ['refuses', refusal(401, { message: 'SECRET' }), {}],
    ['does not understand', refusal(400, { message: 'SECRET' }), {}],
    ['breaks', refusal(500), {}],
    ['breaks off', (exchange) => exchange.breakConnection(), {}],
    ['says nothing', () => undefined, {}],
  ])('%s', async (name, handler, request) => {
    const isSilent = name === 'says nothing';
    const settings = settingsFor(upstream.url, isSilent ? { firstByteTimeoutMs: 300 } : {});
    const from = new OpenAiVideoProvider(settings, PUBLIC_ONLY);
    upstream.next(handler);
    const failure = await failureOf(get(request, { from }));
    expect(failure.code).toBe(isSilent ? 'upstream_timeout' : 'upstream_error');
    expect(failure.message).not.toContain('SECRET');
    await from.destroy();
  });
});

describe('a body', () => {
  it.each<[string, Handler]>([
    [
      'that breaks off',
      async (exchange) => {
        exchange.head(200, sized);
        await exchange.send(BYTES.subarray(0, 500));
        exchange.breakConnection();
      },
    ],
    [
      'that falls silent',
      async (exchange) => {
        exchange.head(200, sized);
        await exchange.send(BYTES.subarray(0, 500));
      },
    ],
  ])('%s ends with a failure', async (_what, handler) => {
    upstream.next(handler);
    const { body } = await found();
    await expect(bytesOf(body)).rejects.toBeInstanceOf(UpstreamFailure);
  });

  it('that nobody reads is not fetched, and is let go of when it is destroyed', async () => {
    let sentBytes = 0;
    let closed = false;
    upstream.next(async (exchange) => {
      void exchange.aborted.then(() => (closed = true));
      exchange.head(200, mp4);
      while (sentBytes < 100_000_000 && (await exchange.send(Buffer.alloc(100_000)))) sentBytes += 100_000;
    });
    const { body } = await found();
    let before = -1;
    await until(async () => {
      const quiet = before === sentBytes;
      before = sentBytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return quiet && before === sentBytes;
    });
    expect(sentBytes).toBeLessThan(40_000_000);
    body.destroy();
    await until(() => closed);
  });

  it('ends when its reader leaves', async () => {
    const left = new AbortController();
    upstream.next(async (exchange) => {
      exchange.head(200, sized);
      await exchange.send(BYTES.subarray(0, 500));
    });
    const { body } = await found({}, { signal: left.signal });
    const read = bytesOf(body);
    left.abort();
    await expect(read).rejects.not.toBeInstanceOf(UpstreamFailure);
  });
});
