import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderSettings, Target } from '../../../../src/catalog/model.js';
import type { JsonObject } from '../../../../src/base/json.js';
import { OpenAiVideoProvider } from '../../../../src/providers/openai/video/openai-video-provider.js';
import {
  refusal,
  startScriptedUpstream,
  type Handler,
  type ScriptedUpstream,
} from '../../../support/scripted-upstream.js';
import { settingsFor, targetFor } from '../../support.js';
import { failureOf, jobAt, NEVER, PUBLIC_ONLY, submissionOf } from '../../video/video-fixture.js';

let upstream: ScriptedUpstream;
const providers: OpenAiVideoProvider[] = [];

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.destroy()));
  await upstream.close();
});

function connect(
  overrides: Partial<ProviderSettings> = {},
  url = upstream.url,
): { readonly provider: OpenAiVideoProvider; readonly target: Target } {
  const settings = settingsFor(url, { wires: ['videos'], ...overrides });
  const provider = new OpenAiVideoProvider(settings, PUBLIC_ONLY);
  providers.push(provider);
  return { provider, target: targetFor(settings, { upstreamModel: 'sora-2' }) };
}

const answer =
  (fields: JsonObject = {}, status = 200): Handler =>
  (exchange) =>
    exchange.json({ id: 'up_1', object: 'video', status: 'queued', ...fields }, status);

function submit(
  overrides: Parameters<typeof submissionOf>[0] = {},
  settings: Partial<ProviderSettings> = {},
) {
  const { provider, target } = connect(settings);
  return provider.submit(submissionOf(overrides), target, NEVER);
}

function find(settings: Partial<ProviderSettings> = {}) {
  const { provider, target } = connect(settings);
  return provider.find(jobAt(target, 'up_1'), NEVER);
}

describe('a submission', () => {
  it('without an image is JSON with what this wire knows', async () => {
    upstream.next(answer());
    const size = '1280x720';
    const given = { size, aspectRatio: '16:9', seed: 5, negativePrompt: 'dogs' };
    expect(await submit(given)).toMatchObject({ upstreamId: 'up_1', state: 'queued' });
    expect(upstream.requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/videos',
      headers: {
        authorization: 'Bearer upstream-key',
        'content-type': 'application/json',
        'idempotency-key': 'video_0123',
      },
    });
    expect(upstream.requests[0]?.body).toEqual({
      model: 'sora-2',
      prompt: 'A cat on a mat',
      seconds: '8',
      size,
    });
  });

  it('has other fields too, where the provider takes them', async () => {
    upstream.next(answer());
    const given = { seconds: undefined, seed: 5, negativePrompt: 'dogs' };
    await submit(given, { passFields: ['seed', 'negative_prompt'] });
    expect(upstream.requests[0]?.body).toEqual({
      model: 'sora-2',
      prompt: 'A cat on a mat',
      seed: 5,
      negative_prompt: 'dogs',
    });
  });

  it('with an image is a form that carries its bytes as they are', async () => {
    upstream.next(answer());
    const bytes = Buffer.from([0x89, 0x50, 0, 0xff, 13, 10, 13, 10, 0x2d, 0x2d]);
    const prompt = 'Two\r\nlines, "quotes" and ünïcödé 🎬';
    await submit({ prompt, image: { bytes, mediaType: 'image/png' } });
    const { headers, bytes: sent } = upstream.requests[0]!;
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
    const field = (name: string, value: string): string =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${value}\r\n`;
    const expected = Buffer.concat([
      Buffer.from(
        field('model', '\r\n\r\nsora-2') +
          field('prompt', `\r\n\r\n${prompt}`) +
          field('seconds', '\r\n\r\n8') +
          field('input_reference', '; filename="image.png"\r\ncontent-type: image/png\r\n'),
      ),
      bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    expect(sent.toString('latin1')).toBe(expected.toString('latin1'));
  });

  it('of a remix goes to its source with the prompt alone', async () => {
    upstream.next(answer());
    await submit({ remixOf: 'up_0', size: '1280x720' });
    expect(upstream.requests[0]).toMatchObject({ method: 'POST', path: '/v1/videos/up_0/remix' });
    expect(upstream.requests[0]?.body).toEqual({ prompt: 'A cat on a mat' });
  });

  it('opens a connection of its own', async () => {
    upstream.always(answer());
    const { provider, target } = connect();
    const before = upstream.acceptedSockets;
    for (let times = 0; times < 3; times += 1) await provider.submit(submissionOf(), target, NEVER);
    expect(upstream.acceptedSockets - before).toBe(3);
    for (let times = 0; times < 3; times += 1) await provider.find(jobAt(target, 'up_1'), NEVER);
    expect(upstream.acceptedSockets - before).toBe(3);
  });
});

/** Long enough for a request to arrive. */
const limitFor = (name: string): Partial<ProviderSettings> =>
  name.includes('silence') ? { timeoutMs: 1_000 } : {};

const html: Handler = (exchange) => exchange.end('<h1>SECRET</h1>');

describe('a submission has failed for sure, and is', () => {
  it.each<[string, Handler, object]>([
    ['400', refusal(400), { code: 'invalid_value', retryable: false }],
    ['400 with a field', refusal(400, { param: 'seconds' }), { code: 'invalid_value', param: 'duration' }],
    ['400 with a field of its own', refusal(400, { param: 'org' }), { code: 'invalid_value', param: null }],
    ['400 content', refusal(400, { code: 'moderation_blocked' }), { code: 'content_filter', status: 400 }],
    ['401', refusal(401), { code: 'upstream_error', status: 502, retryable: false }],
    ['402', refusal(402), { code: 'upstream_error', status: 502, retryable: false }],
    ['403', refusal(403), { code: 'upstream_error', status: 502, retryable: false }],
    ['404', refusal(404), { code: 'upstream_error', status: 502, retryable: false }],
    ['413', refusal(413), { code: 'request_too_large', retryable: false }],
    ['429', refusal(429), { code: 'rate_limit_exceeded', retryable: true }],
    ['503', refusal(503), { code: 'upstream_unavailable', retryable: false }],
  ])('for %s', async (_name, handler, expected) => {
    upstream.next(handler);
    const failure = await failureOf(submit());
    expect(failure).toMatchObject({ refused: true, ...expected });
    expect(failure.message).not.toContain('upstream text');
  });

  it('names a field as the client does', async () => {
    upstream.next(refusal(400, { param: 'seconds' })).next(refusal(400, { param: 'input_reference' }));
    const names = { seconds: 'seconds', image: 'input_reference' };
    expect((await failureOf(submit({ names }))).param).toBe('seconds');
    expect((await failureOf(submit({ names }))).param).toBe('input_reference');
  });

  it('may be tried again when it could not connect', async () => {
    const { provider, target } = connect({}, 'http://127.0.0.1:1/v1');
    expect(await failureOf(provider.submit(submissionOf(), target, NEVER))).toMatchObject({
      refused: true,
      retryable: true,
      code: 'upstream_unavailable',
    });
  });
});

describe('whether a submission was accepted is not known, and it is not tried again,', () => {
  it.each<[string, Handler, string]>([
    ['500', refusal(500), 'upstream_error'],
    ['502', refusal(502), 'upstream_error'],
    ['504', refusal(504), 'upstream_timeout'],
    ['408', refusal(408), 'upstream_error'],
    ['409', refusal(409), 'upstream_error'],
    ['a redirect', (exchange) => exchange.head(307, { location: '/elsewhere' }), 'upstream_error'],
    ['HTML', html, 'upstream_error'],
    ['half of it', (exchange) => exchange.end('{"id":"up'), 'upstream_error'],
    ['a list', (exchange) => exchange.json([]), 'upstream_error'],
    ['no id', (exchange) => exchange.json({ status: 'queued' }), 'upstream_error'],
    ['an id that is a path', answer({ id: '../models' }), 'upstream_error'],
    ['more than fits', answer({ prompt: 'x'.repeat(2_000_000) }), 'upstream_error'],
    ['a cut connection', (exchange) => exchange.breakConnection(), 'upstream_error'],
    ['silence', () => undefined, 'upstream_timeout'],
    ['a head and silence', (exchange) => exchange.head(200), 'upstream_timeout'],
  ])('after %s', async (name, handler, code) => {
    upstream.next(handler);
    const failure = await failureOf(submit({}, limitFor(name)));
    expect(failure).toMatchObject({ refused: false, retryable: false, code });
    expect(failure.message).not.toContain('SECRET');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a job', () => {
  it('is asked for by its id', async () => {
    upstream.next(answer({ status: 'in_progress', progress: 40 }));
    expect(await find()).toMatchObject({ upstreamId: 'up_1', state: 'processing', progress: 40 });
    expect(upstream.requests[0]).toMatchObject({ method: 'GET', path: '/v1/videos/up_1' });
  });

  it.each([404, 410])('is gone when the upstream says %d in JSON', async (status) => {
    upstream.next(refusal(status));
    expect(await find()).toBe('gone');
  });

  it.each<[string, Handler, string]>([
    ['a page that says 404', (exchange) => (exchange.head(404), exchange.end('SECRET')), 'upstream_error'],
    ['400', refusal(400), 'upstream_error'],
    ['401', refusal(401), 'upstream_error'],
    ['429', refusal(429), 'rate_limit_exceeded'],
    ['500', refusal(500), 'upstream_error'],
    ['503', refusal(503), 'upstream_unavailable'],
    ['HTML', html, 'upstream_error'],
    ['another job', answer({ id: 'up_2' }), 'upstream_error'],
    ['a redirect', (exchange) => exchange.head(302, { location: '/' }), 'upstream_error'],
    ['silence', () => undefined, 'upstream_timeout'],
  ])('is not known after %s', async (name, handler, code) => {
    upstream.next(handler);
    const failure = await failureOf(find(limitFor(name)));
    expect(failure.code).toBe(code);
    expect(failure.message).not.toContain('SECRET');
  });

  it('is removed, also when it is not there', async () => {
    const { provider, target } = connect();
    upstream.next((exchange) => exchange.json({ id: 'up_1', object: 'video.deleted', deleted: true }));
    await provider.remove(jobAt(target, 'up_1'), NEVER);
    expect(upstream.requests[0]).toMatchObject({ method: 'DELETE', path: '/v1/videos/up_1' });
    upstream.next((exchange) => (exchange.head(204), exchange.end()));
    await provider.remove(jobAt(target, 'up_1'), NEVER);
    upstream.next(refusal(404));
    await provider.remove(jobAt(target, 'up_1'), NEVER);
    upstream.next(refusal(500));
    expect(await failureOf(provider.remove(jobAt(target, 'up_1'), NEVER))).toMatchObject({
      code: 'upstream_error',
    });
  });
});
