import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { BadRequestError, NotFoundError, toFile } from 'openai';
import { SANDBOX_THUMBNAIL, SANDBOX_VIDEO } from '../../../src/providers/sandbox/sandbox-video-bytes.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { until } from '../../support/until.js';

let gateway: TestGateway;
let key: CreatedKey;
let client: OpenAI;

beforeAll(async () => {
  gateway = await TestGateway.start();
  key = await gateway.createKey();
  client = new OpenAI({ apiKey: key.key, baseURL: `${gateway.url}/external/v1`, maxRetries: 0 });
});
afterAll(() => gateway.close());

async function ended(id: string): Promise<OpenAI.Videos.Video> {
  await until(async () => (await client.videos.retrieve(id)).status === 'completed');
  return client.videos.retrieve(id);
}

describe('videos of the OpenAI SDK', () => {
  it('are made, waited for, downloaded, remixed, listed and deleted', async () => {
    const created = await client.videos.create({
      model: 'sandbox/video:seconds=0.3',
      prompt: 'A yellow square over the sea',
      seconds: '8',
      size: '1280x720',
    });
    expect(created).toEqual({
      id: expect.stringMatching(/^video_/),
      object: 'video',
      model: 'sandbox/video:seconds=0.3',
      status: 'queued',
      progress: 0,
      created_at: expect.any(Number),
      completed_at: null,
      expires_at: null,
      prompt: 'A yellow square over the sea',
      size: '1280x720',
      seconds: '8',
      remixed_from_video_id: null,
      error: null,
    });
    const video = await ended(created.id);
    expect(video).toMatchObject({ status: 'completed', progress: 100, completed_at: expect.any(Number) });

    const content = await client.videos.downloadContent(video.id);
    expect(Buffer.from(await content.arrayBuffer()).equals(SANDBOX_VIDEO)).toBe(true);
    const picture = await client.videos.downloadContent(video.id, { variant: 'thumbnail' });
    expect(picture.headers.get('content-type')).toBe('image/jpeg');

    const remix = await client.videos.remix(video.id, { prompt: 'A red one' });
    expect(remix).toMatchObject({
      object: 'video',
      prompt: 'A red one',
      seconds: '8',
      size: '1280x720',
      remixed_from_video_id: video.id,
    });
    await ended(remix.id);

    const listed: string[] = [];
    for await (const { id } of client.videos.list({ limit: 1 })) listed.push(id);
    expect(listed).toEqual([remix.id, video.id]);

    expect(await client.videos.delete(video.id)).toEqual({
      id: video.id,
      object: 'video.deleted',
      deleted: true,
    });
    await expect(client.videos.retrieve(video.id)).rejects.toThrow(NotFoundError);
    expect(await receipts(gateway.pool, key.id)).toMatchObject([
      { finalAmount: 808_000 },
      { finalAmount: 808_000 },
    ]);
  });

  it('may begin with an image', async () => {
    const image = await toFile(SANDBOX_THUMBNAIL, 'first.jpg', { type: 'image/jpeg' });
    const made = await client.videos.create({ model: 'sandbox/video', prompt: 'On', input_reference: image });
    expect(made.status).toBe('queued');
    const url = `data:image/jpeg;base64,${SANDBOX_THUMBNAIL.toString('base64')}`;
    const other = { model: 'sandbox/video', prompt: 'On', input_reference: { image_url: url } };
    expect((await client.videos.create(other)).status).toBe('queued');
    const text = await toFile(Buffer.from('no image'), 'first.jpg', { type: 'image/jpeg' });
    await expect(client.videos.create({ ...other, input_reference: text })).rejects.toThrow(BadRequestError);
  });

  it('are the same jobs as those of the other route, which keep their shape', async () => {
    const made = await fetch(`${gateway.url}/external/v1/videos/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key.key}` },
      body: JSON.stringify({ model: 'sandbox/video:seconds=0', prompt: 'Sea' }),
    });
    const { id } = (await made.json()) as { id: string };
    await ended(id);
    const shown: unknown = await client.videos.retrieve(id);
    expect(shown).toMatchObject({ object: 'video.generation', duration: 4 });
    const remix: unknown = await client.videos.remix(id, { prompt: 'Again' });
    expect(remix).toMatchObject({ object: 'video.generation', remixed_from_video_id: id });
  });
});
