import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { TestGateway } from '../../support/gateway.js';
import { until } from '../../support/until.js';
import { breaks, refuses, says, VideoUpstream } from './video-upstream.js';
import { VideosClient } from './videos-client.js';

const FILM = { model: 'film', prompt: 'Sea' };

let upstream: VideoUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await VideoUpstream.start();
  gateway = await TestGateway.start({ file: upstream.file, environment: { VIDEO_POLL_MS: '500' } });
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** Values of what is told of videos, by name and labels. */
async function told(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const lines = text.matchAll(/^slipstream_((?:running_)?videos?(?:_[a-z_]+)?\{\w+="(\w+)"\}) (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, name = '', , value]) => [name, Number(value)]));
}

it('the metrics tell how many videos run, how they were submitted, asked for and ended', async () => {
  const videos = new VideosClient(gateway.url, (await gateway.createKey()).key);
  expect(await told()).toMatchObject({
    'running_videos{status="submitting"}': 0,
    'video_submissions_total{outcome="accepted"}': 0,
    'videos_ended_total{outcome="completed"}': 0,
  });
  await videos.made(FILM);
  await until(async () => (await told())['running_videos{status="processing"}'] === 1);
  upstream.find = refuses(500);
  await until(async () => ((await told())['video_polls_total{outcome="missed"}'] ?? 0) > 0);
  upstream.find = says({ status: 'completed' });
  await until(async () => (await told())['videos_ended_total{outcome="completed"}'] === 1);
  upstream.submit = refuses(400);
  expect((await videos.generate(FILM)).status).toBe(400);
  upstream.submit = breaks;
  await videos.made(FILM);
  const end = await told();
  expect(end).toMatchObject({
    'running_videos{status="submitting"}': 0,
    'running_videos{status="queued"}': 0,
    'running_videos{status="processing"}': 0,
    'video_submissions_total{outcome="accepted"}': 1,
    'video_submissions_total{outcome="refused"}': 1,
    'video_submissions_total{outcome="unknown"}': 1,
    'video_polls_total{outcome="completed"}': 1,
    'videos_ended_total{outcome="completed"}': 1,
    'videos_ended_total{outcome="failed"}': 1,
  });
  expect(end['video_polls_total{outcome="running"}']).toBeGreaterThan(0);
});
