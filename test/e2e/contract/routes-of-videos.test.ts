import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import { until } from '../../support/until.js';
import { newPayer } from '../charging/bills.js';
import { SurfaceClient } from './surface-client.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

const QUICK = { model: 'sandbox/video:seconds=0', prompt: 'A yellow square' };
const ENDLESS = { ...QUICK, model: 'sandbox/video:seconds=600' };

describe.each(SURFACES)('on %s', (surface) => {
  const isNative = surface === '/v1';
  let client: SurfaceClient;
  beforeEach(async () => {
    client = new SurfaceClient(
      gateway.url,
      surface,
      (await newPayer(gateway, { budget_limit: '9000000' })).key,
    );
  });

  async function made(body: object = QUICK): Promise<string> {
    return (await client.json('POST', '/videos/generations', body, 202)).id;
  }

  it('[route.videos.generate] [route.videos.find] [route.videos.list]', async () => {
    const job = await client.json('POST', '/videos/generations', ENDLESS, 202);
    expect(job).toMatchObject({ object: 'video.generation', status: 'queued' });
    const { id, object } = job;
    expect(await client.json('GET', `/videos/${id}`)).toMatchObject({ id, object });
    expect(await client.json('GET', '/videos')).toMatchObject({ object: 'list', data: [{ id }] });
  });

  it('[route.videos.create] [route.videos.remix] have the shape of OpenAI', async () => {
    const { id, ...job } = await client.json('POST', '/videos', { ...QUICK, seconds: '4' });
    expect(job).toMatchObject({ object: 'video', seconds: '4' });
    await client.text('GET', `/videos/${id}/stream`);
    const remix = await client.json('POST', `/videos/${id}/remix`, { prompt: 'A red one' });
    expect(remix).toMatchObject({ object: 'video', remixed_from_video_id: id });
  });

  it('[route.videos.watch] [route.videos.content]', async () => {
    const id = await made();
    const told = await client.text('GET', `/videos/${id}/stream?pollIntervalMs=500`);
    expect(told).toMatch(/"status":"completed"[^]*data: \[DONE\]\n\n$/);
    expect(told.includes('event: compose.receipt\n')).toBe(isNative);
    const content = await client.send('GET', `/videos/${id}/content`);
    expect([content.status, content.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    await content.arrayBuffer();
  });

  it('[route.videos.cancel] [route.videos.delete] end what runs', async () => {
    const id = await made(ENDLESS);
    await client.json('POST', `/videos/${id}/cancel`);
    await until(async () => (await client.json('GET', `/videos/${id}`))['status'] === 'failed');
    expect(await client.json('DELETE', `/videos/${id}`)).toMatchObject({ id, deleted: true });
    await client.text('GET', `/videos/${id}`, undefined, 404);
  });
});
