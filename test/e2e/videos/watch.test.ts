import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OpenStream, receiptIn } from '../../support/gateway-client.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { framesOf, type Frame } from '../../support/sse-frames.js';
import { until } from '../../support/until.js';
import { VideosClient, type ShownVideo } from './videos-client.js';

let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;
let external: VideosClient;

beforeAll(async () => {
  gateway = await TestGateway.start({ environment: { KEEP_ALIVE_MS: '300' } });
  key = await gateway.createKey();
  videos = new VideosClient(gateway.url, key.key);
  external = new VideosClient(gateway.url, key.key, '/external');
});
afterAll(() => gateway.close());

async function refusal(response: Response): Promise<object> {
  const { error } = (await response.json()) as { error: object };
  return { status: response.status, ...error };
}

function statuses(frames: readonly Frame[]): readonly string[] {
  return frames.flatMap(({ data }) => (data as { status?: string }).status ?? []);
}

describe('the status stream of a video', () => {
  it('tells on the native surface how it goes, and ends with its receipt', async () => {
    // For a second, it says when it is asked that it is queued.
    const { id } = await videos.made({ model: 'sandbox/video:seconds=10' });
    const response = await videos.call('GET', `/${id}/stream?pollIntervalMs=500`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-compose-poll-interval-ms': '500',
      'x-compose-timeout-ms': '600000',
    });
    const text = await response.text();
    expect(text).toContain(': ping\n\n');
    const frames = framesOf(text);
    expect(frames.map(({ event }) => event).slice(-3)).toEqual([
      'compose.video.status',
      'compose.receipt',
      undefined,
    ]);
    expect(frames.at(-1)?.data).toBe('[DONE]');
    const shown = frames.slice(0, -2).map(({ data }) => data as ShownVideo);
    expect(shown.length).toBeGreaterThanOrEqual(4);
    expect(shown[0]).toEqual({ jobId: id, status: 'queued', progress: 0 });
    expect(shown.at(-1)).toEqual({
      jobId: id,
      status: 'completed',
      progress: 100,
      url: expect.stringMatching(`/v1/videos/${id}/content$`),
    });
    const progress = shown.map((status) => status.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(new Set(progress).size).toBeGreaterThan(2);
    expect(receiptIn(frames)).toMatchObject({ finalAmountWei: '404000', responseId: id });

    const again = framesOf(await (await videos.call('GET', `/${id}/stream`)).text());
    expect(again.map(({ event }) => event)).toEqual(['compose.video.status', 'compose.receipt', undefined]);
    expect(receiptIn(again)).toEqual(receiptIn(frames));
  });

  it('shows the video itself on the external surface, in frames without names', async () => {
    const made = await external.call('POST', '', {
      model: 'sandbox/video:seconds=0.4',
      prompt: 'Sea',
      seconds: '8',
    });
    const { id } = (await made.json()) as ShownVideo;
    const response = await external.call('GET', `/${id}/stream?pollIntervalMs=500`);
    expect([...response.headers.keys()].filter((name) => name.startsWith('x-compose'))).toEqual([]);
    const frames = framesOf(await response.text());
    expect(frames.every(({ event }) => event === undefined)).toBe(true);
    expect(frames.at(-1)?.data).toBe('[DONE]');
    expect(frames.at(-2)?.data).toMatchObject({
      id,
      object: 'video',
      status: 'completed',
      seconds: '8',
      prompt: 'Sea',
    });
    expect(frames.at(-2)?.data).not.toHaveProperty('compose_receipt');
  });

  it('ends with the failure of a job that fails, and without a receipt', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=0.3,fail' });
    const frames = framesOf(await (await videos.call('GET', `/${id}/stream?pollIntervalMs=30000`)).text());
    expect(frames.at(-2)?.data).toMatchObject({ status: 'failed', error: { code: 'sandbox_failure' } });
    expect(receiptIn(frames)).toBeUndefined();
    // A stream that begins when it has ended shows nothing else.
    expect(['queued,failed', 'failed']).toContain(statuses(frames).join());
  });

  it('ends at its timeout, whatever its interval; the job goes on', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const query = `/${id}/stream?pollIntervalMs=30000&timeoutMs=5000`;
    const startedAt = performance.now();
    const [native, outside] = await Promise.all(
      [videos, external].map(async (client) => framesOf(await (await client.call('GET', query)).text())),
    );
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThan(4_900);
    expect(tookMs).toBeLessThan(25_000);
    expect(native?.slice(-2)).toEqual([
      { event: 'compose.error', data: { code: 'upstream_timeout', message: expect.any(String) } },
      { event: undefined, data: '[DONE]' },
    ]);
    expect(outside?.slice(-2)).toEqual([
      {
        event: undefined,
        data: {
          error: {
            message: expect.any(String),
            type: 'upstream_error',
            param: null,
            code: 'upstream_timeout',
          },
        },
      },
      { event: undefined, data: '[DONE]' },
    ]);
    expect(['queued', 'processing']).toContain((await videos.find(id)).status);
    await videos.call('POST', `/${id}/cancel`);
  });

  it.each([
    ['pollIntervalMs=1&timeoutMs=1', '500', '5000'],
    ['pollIntervalMs=-5&timeoutMs=1e9', '500', '3600000'],
    ['pollIntervalMs=30001&timeoutMs=4999.5', '30000', '5000'],
    ['pollIntervalMs=1e999&timeoutMs=600000', '30000', '600000'],
    ['pollIntervalMs=750.4', '750', '600000'],
    ['', '2000', '600000'],
  ])('brings its settings within their bounds: %s', async (query, interval, timeout) => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const response = await videos.call('GET', `/${id}/stream?${query}`);
    expect(response.headers.get('x-compose-poll-interval-ms')).toBe(interval);
    expect(response.headers.get('x-compose-timeout-ms')).toBe(timeout);
    await response.body?.cancel();
    await videos.call('DELETE', `/${id}`);
  });

  it.each([
    ['pollIntervalMs=soon', 'pollIntervalMs'],
    ['pollIntervalMs=', 'pollIntervalMs'],
    ['pollIntervalMs=NaN', 'pollIntervalMs'],
    ['timeoutMs=0x10', 'timeoutMs'],
    ['timeoutMs=1&timeoutMs=2', 'timeoutMs'],
  ])('refuses what is not a number: %s', async (query, param) => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=0' });
    for (const client of [videos, external]) {
      expect(await refusal(await client.call('GET', `/${id}/stream?${query}`))).toMatchObject({
        status: 400,
        type: 'invalid_request_error',
        code: 'invalid_value',
        param,
      });
    }
  });

  it('is cut short by the end of the job, also one that another client brought about', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const stream = new OpenStream(await videos.call('GET', `/${id}/stream?pollIntervalMs=30000`));
    await stream.shows('queued');
    await videos.call('POST', `/${id}/cancel`);
    const frames = await stream.frames();
    expect(frames.at(-2)?.data).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
  });

  it('is not followed for a client that only asks for its head', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const response = await videos.call('HEAD', `/${id}/stream`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await videos.call('DELETE', `/${id}`);
  });

  it('leaves nothing behind when its client goes', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const left = new AbortController();
    const response = await fetch(`${gateway.url}/v1/videos/${id}/stream`, {
      headers: { authorization: `Bearer ${key.key}` },
      signal: left.signal,
    });
    const watches = async (): Promise<number> =>
      (await gateway.pool.query('SELECT 1 FROM video_watches WHERE video_id = $1', [id])).rowCount ?? 0;
    await until(async () => (await watches()) === 1);
    left.abort();
    await response.text().catch(() => undefined);
    await until(async () => (await watches()) === 0);
    await videos.call('DELETE', `/${id}`);
  });
});
