import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { VideosClient, type ShownVideo } from './videos-client.js';

let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;
let external: VideosClient;

beforeAll(async () => {
  gateway = await TestGateway.start();
  key = await gateway.createKey({ budget_limit: '100000000' });
  videos = new VideosClient(gateway.url, key.key);
  external = new VideosClient(gateway.url, key.key, '/external');
});
afterAll(() => gateway.close());

async function refusal(response: Response): Promise<object> {
  const { error } = (await response.json()) as { error: object };
  return { status: response.status, ...error };
}

describe('a video', () => {
  it('is accepted, made, charged once and shown with its receipt', async () => {
    const before = await gateway.keyBudget(key.id);
    // For a second, it says when it is asked that it is queued.
    const model = 'sandbox/video:seconds=10';
    const answer = await videos.generate({ model, duration: 4, size: '1280x720' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('x-compose-key-budget-reserved')).toBe('404000');
    const job = (await answer.json()) as ShownVideo;
    expect(job).toEqual({
      id: expect.stringMatching(/^video_[0-9a-z]{32}$/),
      object: 'video.generation',
      status: 'queued',
      created: expect.any(Number),
      model,
      progress: 0,
      prompt: 'A yellow square',
      duration: 4,
      size: '1280x720',
    });
    expect((await gateway.keyBudget(key.id)).held - before.held).toBe(404_000);

    const ended = await videos.ended(job.id);
    expect(ended).toMatchObject({
      status: 'completed',
      progress: 100,
      url: expect.stringMatching(new RegExp(`/v1/videos/${job.id}/content$`)),
      compose_receipt: {
        final_amount_wei: '404000',
        provider_amount_wei: '400000',
        platform_fee_wei: '4000',
        meter_subject: 'sandbox:sandbox/video',
        line_items: [
          {
            key: 'video_seconds',
            unit: 'usd_per_second',
            quantity: 4,
            unit_price_usd: '0.1',
            amount_wei: '400000',
          },
        ],
        response_id: job.id,
        signature: expect.any(String),
      },
    });
    const shownOutside = await external.find(job.id);
    expect(shownOutside).not.toHaveProperty('compose_receipt');
    expect(shownOutside.url).toMatch(`/external/v1/videos/${job.id}/content`);
    expect(await receipts(gateway.pool, key.id)).toEqual([{ finalAmount: 404_000, estimated: false }]);
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: before.spent + 404_000, held: before.held });
  });

  it('that fails costs nothing and has no receipt', async () => {
    const before = await gateway.keyBudget(key.id);
    const { id } = await videos.made({ model: 'sandbox/video:seconds=0.2,fail' });
    const ended = await videos.ended(id);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'sandbox_failure' } });
    expect(ended).not.toHaveProperty('compose_receipt');
    expect(ended).not.toHaveProperty('url');
    expect(await gateway.keyBudget(key.id)).toEqual(before);
  });

  it('that had ended at once is answered as a job all the same', async () => {
    const answer = await videos.generate({ model: 'sandbox/video:seconds=0' });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as ShownVideo;
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
  });

  it('can be cancelled where its upstream can: it fails, and its hold is released', async () => {
    const before = await gateway.keyBudget(key.id);
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const cancelled = await videos.call('POST', `/${id}/cancel`);
    expect(cancelled.status).toBe(200);
    expect(await cancelled.json()).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    expect((await videos.call('POST', `/${id}/cancel`)).status).toBe(200);
    expect(await gateway.keyBudget(key.id)).toEqual(before);
  });

  it('is deleted with its prompt, also while it runs', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=600' });
    const deleted = await videos.call('DELETE', `/${id}`);
    expect(await deleted.json()).toEqual({ id, object: 'video.deleted', deleted: true });
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/content'],
      ['GET', '/stream'],
      ['POST', '/cancel'],
    ] as const) {
      expect((await videos.call(method, `/${id}${path}`)).status).toBe(404);
    }
    const { rows } = await gateway.pool.query('SELECT request, status FROM videos WHERE id = $1', [id]);
    expect(rows).toEqual([{ request: null, status: 'failed' }]);
  });

  it('is listed with the others, newest first, page by page', async () => {
    const owner = await gateway.createKey({ account: 'lister' });
    const client = new VideosClient(gateway.url, owner.key);
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1)
      ids.unshift((await client.made({ model: 'sandbox/video:seconds=0' })).id);
    const first = (await (await client.call('GET', '?limit=2')).json()) as { data: ShownVideo[] };
    expect(first).toMatchObject({ object: 'list', first_id: ids[0], last_id: ids[1], has_more: true });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const rest = await (await client.call('GET', `?limit=2&after=${ids[1] ?? ''}`)).json();
    expect(rest).toMatchObject({ data: [{ id: ids[2] }], has_more: false });
    const oldest = await (await client.call('GET', '?order=asc&limit=1')).json();
    expect(oldest).toMatchObject({ data: [{ id: ids[2] }], has_more: true });
    expect(await (await client.call('GET', '?after=video_unknown')).json()).toMatchObject({ data: [] });
  });

  it('does not exist for another account', async () => {
    const { id } = await videos.made({ model: 'sandbox/video:seconds=0' });
    const stranger = new VideosClient(gateway.url, (await gateway.createKey({ account: 'other' })).key);
    for (const [method, path, body] of [
      ['GET', ''],
      ['GET', '/stream'],
      ['GET', '/content'],
      ['HEAD', '/content'],
      ['POST', '/cancel'],
      ['DELETE', ''],
      ['POST', '/remix', { prompt: 'Again' }],
    ] as const) {
      const [foreign, unknown] = await Promise.all([
        stranger.call(method, `/${id}${path}`, body),
        stranger.call(method, `/video_unknown${path}`, body),
      ]);
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
      expect(foreign.headers.get('content-type')).toMatch('application/json');
      if (method !== 'HEAD') {
        expect((await foreign.text()).replaceAll(id, 'ID')).toBe(
          (await unknown.text()).replaceAll('video_unknown', 'ID'),
        );
      }
    }
    expect(await (await stranger.call('GET', '')).json()).toMatchObject({ data: [] });
    expect((await videos.find(id)).id).toBe(id);
  });
});

describe('a request for a video', () => {
  it.each([
    ['no prompt', { prompt: undefined }, 'missing_required_parameter', 'prompt'],
    ['an empty prompt', { prompt: '' }, 'invalid_value', 'prompt'],
    ['a long prompt', { prompt: 'x'.repeat(32_001) }, 'invalid_value', 'prompt'],
    ['no model', { model: undefined }, 'missing_required_parameter', 'model'],
    ['another duration', { duration: 5 }, 'invalid_value', 'duration'],
    ['no duration', { duration: 0 }, 'invalid_value', 'duration'],
    ['a duration as text', { duration: '4' }, 'invalid_value', 'duration'],
    ['another size', { size: '1x1' }, 'invalid_value', 'size'],
    ['a size in words', { size: 'large' }, 'invalid_value', 'size'],
    ['another aspect ratio', { aspect_ratio: '1:1' }, 'invalid_value', 'aspect_ratio'],
    ['a size of another ratio', { aspect_ratio: '16:9', size: '720x1280' }, 'invalid_value', 'aspect_ratio'],
    ['two videos', { n: 2 }, 'invalid_value', 'n'],
    ['half a seed', { seed: 1.5 }, 'invalid_value', 'seed'],
    ['an image over plain HTTP', { image_url: 'http://example.com/a.png' }, 'invalid_value', 'image_url'],
    ['an unknown option', { model: 'sandbox/video:slow' }, 'invalid_value', 'model'],
  ])('is refused: %s', async (_what, body, code, param) => {
    const before = await gateway.keyBudget(key.id);
    const response = await videos.generate(body);
    expect(await refusal(response)).toMatchObject({ status: 400, code, param });
    expect(await gateway.keyBudget(key.id)).toEqual(before);
  });

  it('names the values that the model takes', async () => {
    expect(await refusal(await videos.generate({ duration: 5 }))).toMatchObject({
      message: expect.stringContaining('4, 8, 12'),
    });
  });

  it('may name an aspect ratio, which becomes a size', async () => {
    const job = await videos.made({ model: 'sandbox/video:seconds=0', aspect_ratio: '16:9', seed: null });
    expect(job).toMatchObject({ size: '1280x720', duration: 4 });
  });

  it('is refused for a model of another kind, an unknown one, and one that the key may not use', async () => {
    expect(await refusal(await videos.generate({ model: 'sandbox/echo' }))).toMatchObject({ status: 404 });
    expect(await refusal(await videos.generate({ model: 'nobody/video' }))).toMatchObject({
      code: 'model_not_found',
    });
    const limited = await gateway.createKey({ allowed_models: ['sandbox/echo'] });
    expect(await refusal(await new VideosClient(gateway.url, limited.key).generate())).toMatchObject({
      status: 403,
    });
    expect((await gateway.chat(key.key, { model: 'sandbox/video' })).status).toBe(404);
  });

  it('is refused before anything else without a good key', async () => {
    const nobody = new VideosClient(gateway.url, 'compose-nobody-nobody-nobody-nobody');
    expect((await nobody.generate({ prompt: 7 })).status).toBe(401);
    expect((await nobody.call('GET', '/video_1/stream?pollIntervalMs=x')).status).toBe(401);
    expect((await nobody.call('GET', '')).status).toBe(401);
  });

  it('needs the full price in the free budget', async () => {
    const poor = await gateway.createKey({ budget_limit: '500000' });
    const client = new VideosClient(gateway.url, poor.key);
    expect(await refusal(await client.generate({ duration: 8 }))).toMatchObject({
      status: 402,
      code: 'insufficient_budget',
      details: { required: '808000', remaining: '500000' },
    });
    const { id } = await client.made({ model: 'sandbox/video:seconds=600' });
    expect(await refusal(await client.generate())).toMatchObject({ status: 429, code: 'budget_held' });
    await client.call('POST', `/${id}/cancel`);
    expect((await client.generate({ model: 'sandbox/video:seconds=600' })).status).toBe(202);
  });

  it('that the upstream refuses leaves nothing behind', async () => {
    const before = await gateway.keyBudget(key.id);
    const list = await (await videos.call('GET', '')).text();
    const refused = await videos.generate({ model: 'sandbox/video:error=400' });
    expect(refused.status).toBe(400);
    expect((await videos.generate({ model: 'sandbox/video:error=503' })).status).toBe(503);
    expect(await gateway.keyBudget(key.id)).toEqual(before);
    expect(await (await videos.call('GET', '')).text()).toBe(list);
  });
});
