import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayClient } from '../../support/gateway-client.js';
import { TestGateway } from '../../support/gateway.js';
import { breaks, fileWithBoth, refuses, says, VideoUpstream, type Answer } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

const ACCEPTS: Answer = says({ status: 'queued' });

let first: VideoUpstream;
let second: VideoUpstream;
let gateway: TestGateway;
let videos: VideosClient;

beforeAll(async () => {
  first = await VideoUpstream.start();
  second = await VideoUpstream.start();
  gateway = await TestGateway.start({ file: fileWithBoth(first, second) });
  videos = new VideosClient(gateway.url, (await gateway.createKey()).key);
});
beforeEach(() => {
  for (const upstream of [first, second]) {
    upstream.submissions = 0;
    upstream.submit = ACCEPTS;
    upstream.find = says({ status: 'completed' });
  }
});
afterAll(async () => {
  await gateway.close();
  await first.close();
  await second.close();
});

describe('a video of a model with two targets', () => {
  it('goes nowhere else when the first one may have taken it', async () => {
    first.submit = breaks;
    expect(await videos.made({ model: 'film' })).toMatchObject({
      status: 'failed',
      error: { code: 'submission_unknown' },
    });
    expect(second.submissions).toBe(0);
  });

  it('goes to the second when the first one has no room, and is polled and charged there', async () => {
    first.submit = refuses(429);
    const { id } = await videos.made({ model: 'film' });
    expect(await videos.ended(id)).toMatchObject({ compose_receipt: { meter_subject: 'second:film' } });
    expect([first.submissions, second.submissions]).toEqual([1, 1]);
    const listed = await new GatewayClient(gateway.url).admin('/admin/videos', 'GET');
    expect(await listed.json()).toMatchObject({
      data: [{ provider: 'second', upstream_model: 'b', attempt: 2 }, { provider: 'first' }],
    });
  });

  it('is remixed where it was made', async () => {
    first.submit = refuses(429);
    const { id } = await videos.made({ model: 'film' });
    await videos.ended(id);
    first.submit = ACCEPTS;
    first.submissions = 0;
    const remix = await videos.call('POST', `/${id}/remix`, { prompt: 'Again' });
    expect(remix.status).toBe(200);
    expect(await remix.json()).toMatchObject({ remixed_from_video_id: id });
    expect([first.submissions, second.submissions]).toEqual([0, 2]);
  });
});
