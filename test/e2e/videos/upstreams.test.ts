import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI, { toFile } from 'openai';
import type { JsonObject } from '../../../src/base/json.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import {
  refusal,
  startScriptedUpstream,
  type Exchange,
  type Handler,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { PNG } from '../../providers/image/image-host.js';
import { VideosClient } from './videos-client.js';

/** Stands in whatever the upstream says; no client may ever see it. */
const SECRET = 'org-acme-internal';
const BYTES = Buffer.from(Array.from({ length: 500 }, (_, index) => index % 251));
const OPERATION = 'models/veo-up/operations/op1';
let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({ file: file(upstream.url) });
});
beforeEach(async () => {
  upstream.reset();
  key = await gateway.createKey({ budget_limit: '10000000' });
  videos = new VideosClient(gateway.url, key.key);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function file(url: string): object {
  const video = { kind: 'video', pricing: { per_second: 0.1 }, durations: [4, 8], input: ['text', 'image'] };
  const sizes = ['1280x720', '720x1280'];
  const sora = { type: 'openai', base_url: url, api_key: SECRET, wires: ['videos'] };
  return {
    providers: [
      { id: 'sora', ...sora, timeout_ms: 30_000 },
      { id: 'impatient', ...sora, timeout_ms: 1_000 },
      { id: 'veo', type: 'google', base_url: new URL('/v1beta/openai', url).href, api_key: SECRET },
    ],
    models: [
      { id: 'film', targets: [{ provider: 'sora', model: 'sora-up' }], ...video, sizes },
      { id: 'short-wait', targets: [{ provider: 'impatient', model: 'sora-up' }], ...video, sizes },
      { id: 'veo', targets: [{ provider: 'veo', model: 'veo-up' }], ...video, sizes },
    ],
  };
}

function submissions(): ScriptedUpstream['requests'] {
  return upstream.requests.filter(({ method }) => method === 'POST');
}

function content(exchange: Exchange): void {
  exchange.head(200, {
    'content-type': 'video/mp4',
    'content-length': String(BYTES.length),
    'x-org': SECRET,
  });
  void exchange.send(BYTES).then(() => exchange.end());
}

/** An upstream of OpenAI's wire whose job goes through these states, one for each poll. */
function jobs(...states: readonly JsonObject[]): Handler {
  let polls = 0;
  return (exchange) => {
    const { method, path } = exchange.request;
    const video = { id: 'up_1', object: 'video', model: SECRET, progress: 0, seconds: '4', error: null };
    if (path.startsWith('/v1/videos/up_1/content')) return content(exchange);
    if (method === 'DELETE') return exchange.json({ id: 'up_1', object: 'video.deleted', deleted: true });
    if (method === 'POST') return exchange.json({ ...video, status: 'queued' });
    const state = states[Math.min(polls, states.length - 1)];
    polls += 1;
    return exchange.json({ ...video, ...state });
  };
}

describe('a video at an upstream of OpenAI’s wire', () => {
  it('is submitted once, polled, charged for what was made, passed through and removed', async () => {
    upstream.always(jobs({ status: 'in_progress', progress: 50 }, { status: 'completed', seconds: '4' }));
    const job = await videos.made({ model: 'film', duration: 8, aspect_ratio: '9:16' });
    const ended = await videos.ended(job.id);
    expect(ended).toMatchObject({ status: 'completed', progress: 100, duration: 8, model: 'film' });
    expect(await receipts(gateway.pool, key.id)).toEqual([{ finalAmount: 404_000, estimated: false }]);

    const part = await videos.call('GET', `/${job.id}/content`, undefined, { range: 'bytes=10-19' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 10-19/500');
    expect(Buffer.from(await part.arrayBuffer())).toEqual(BYTES.subarray(10, 20));
    expect(JSON.stringify([...part.headers])).not.toContain(SECRET);

    expect((await videos.call('DELETE', `/${job.id}`)).status).toBe(200);
    const posts = submissions();
    expect(posts).toHaveLength(1);
    expect(posts[0]).toMatchObject({
      path: '/v1/videos',
      headers: { authorization: `Bearer ${SECRET}`, 'idempotency-key': job.id },
      body: { model: 'sora-up', prompt: 'A yellow square', seconds: '8', size: '720x1280' },
    });
    expect(upstream.requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/videos/up_1' });
    expect(JSON.stringify([job, ended])).not.toMatch(new RegExp(`${SECRET}|up_1|sora-up`));
  });

  it('takes an image as a data URL, and as an upload of the stock SDK', async () => {
    upstream.always(jobs({ status: 'completed' }));
    const byUrl = await videos.made({
      model: 'film',
      image_url: `data:image/png;base64,${PNG.toString('base64')}`,
    });
    const client = new OpenAI({ apiKey: key.key, baseURL: `${gateway.url}/external/v1`, maxRetries: 0 });
    const input_reference = await toFile(PNG, 'cat.png', { type: 'image/png' });
    const uploaded = await client.videos.create({ model: 'film', prompt: 'A cat', input_reference });
    for (const { id } of [byUrl, uploaded]) expect((await videos.ended(id)).status).toBe('completed');
    const posts = submissions();
    expect(posts).toHaveLength(2);
    for (const { headers, bytes } of posts) {
      expect(headers['content-type']).toMatch(/^multipart\/form-data/);
      expect(bytes.includes(PNG)).toBe(true);
    }
  });

  it.each([
    ['http://example.com/cat.png', 'must be an https URL'],
    ['https://169.254.169.254/latest/meta-data/', 'must be at a public address'],
    ['https://127.0.0.1/cat.png', 'must be at a public address'],
    ['data:image/png;base64,PGh0bWw+', 'must be a PNG, JPEG or WebP image'],
  ])('does not get the image %s', async (image_url, problem) => {
    const response = await videos.generate({ model: 'film', image_url });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: Record<string, string> };
    expect(error).toMatchObject({ code: 'invalid_value', param: 'image_url' });
    expect(error.message).toContain(problem);
    expect(submissions()).toHaveLength(0);
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
  });

  it('fetches nothing for a key that does not live', async () => {
    const stranger = new VideosClient(gateway.url, 'compose-unknown');
    const response = await stranger.generate({ model: 'film', image_url: 'https://127.0.0.1/cat.png' });
    expect(response.status).toBe(401);
  });

  it.each<[string, Handler, number, string]>([
    ['400', refusal(400, { message: SECRET, param: 'prompt' }), 400, 'invalid_value'],
    ['400 for its content', refusal(400, { code: 'moderation_blocked' }), 400, 'content_filter'],
    ['401', refusal(401, { message: SECRET }), 502, 'upstream_error'],
    ['402', refusal(402, { message: SECRET }), 502, 'upstream_error'],
  ])('that is refused with %s is no video, and costs nothing', async (_name, handler, status, code) => {
    upstream.next(handler);
    const response = await videos.generate({ model: 'film' });
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(JSON.parse(text)).toMatchObject({ error: { code } });
    expect(text).not.toContain(SECRET);
    expect(submissions()).toHaveLength(1);
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
  });

  it('is submitted again after a 429', async () => {
    upstream.next(refusal(429)).always(jobs({ status: 'completed' }));
    const { id } = await videos.made({ model: 'film' });
    expect((await videos.ended(id)).status).toBe('completed');
  });

  it.each<[string, Handler, string?]>([
    ['500', refusal(500, { message: SECRET })],
    ['silence', () => undefined, 'short-wait'],
    ['half an answer', (exchange) => exchange.end('{"id":"up')],
    ['a cut connection', (exchange) => exchange.breakConnection()],
  ])(
    'of which nobody knows after %s fails, costs nothing and is not tried again',
    async (_name, handler, model = 'film') => {
      upstream.next(handler);
      const { id } = await videos.made({ model });
      expect(await videos.ended(id)).toMatchObject({
        status: 'failed',
        error: { code: 'submission_unknown' },
      });
      expect(submissions()).toHaveLength(1);
      expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
    },
  );

  it.each<[JsonObject, string]>([
    [{ status: 'failed', error: { code: SECRET, message: SECRET } }, 'upstream_error'],
    [{ status: 'failed', error: { code: 'moderation_blocked', message: SECRET } }, 'content_filter'],
    [{ status: 'cancelled' }, 'cancelled'],
    [{ status: 'expired' }, 'expired'],
  ])('that ends as %j failed, in our words, and costs nothing', async (state, code) => {
    upstream.always(jobs(state));
    const { id } = await videos.made({ model: 'film' });
    const ended = await videos.ended(id);
    expect(ended).toMatchObject({ status: 'failed', error: { code } });
    expect(JSON.stringify(ended)).not.toContain(SECRET);
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
  });

  it('outlives polls that fail, and cannot be cancelled', async () => {
    const done = jobs({ status: 'in_progress' }, { status: 'completed' });
    let calls = 0;
    upstream.always((exchange) => {
      calls += 1;
      return calls === 2 ? exchange.json({ error: SECRET }, 500) : done(exchange);
    });
    const { id } = await videos.made({ model: 'film' });
    const cancelled = await videos.call('POST', `/${id}/cancel`);
    expect(cancelled.status).toBe(409);
    expect(await cancelled.json()).toMatchObject({ error: { code: 'cancel_not_supported' } });
    expect((await videos.ended(id)).status).toBe('completed');
  });
});

describe('a video at Google', () => {
  it('is a long-running operation whose file passes through', async () => {
    const name = OPERATION;
    const uri = 'https://generativelanguage.googleapis.com/v1beta/files/f1:download?alt=media';
    upstream.always((exchange) => {
      const { method, path } = exchange.request;
      if (path === '/v1beta/files/f1:download?alt=media') return content(exchange);
      if (method === 'POST') return exchange.json({ name });
      const response = { generateVideoResponse: { generatedSamples: [{ video: { uri } }] } };
      return exchange.json({ name, done: true, response });
    });
    const { id } = await videos.made({ model: 'veo', size: '1280x720' });
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    const whole = await videos.call('GET', `/${id}/content`);
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(BYTES);
    expect(upstream.requests[0]).toMatchObject({
      path: '/v1beta/models/veo-up:predictLongRunning',
      headers: { 'x-goog-api-key': SECRET },
      body: { parameters: { durationSeconds: 4, aspectRatio: '16:9', resolution: '720p' } },
    });
    expect(upstream.requests.map(({ path }) => path).join()).not.toContain(SECRET);
    expect(await receipts(gateway.pool, key.id)).toEqual([{ finalAmount: 404_000, estimated: false }]);
  });
});
