import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../../support/books.js';
import { TestGateway, type CreatedKey } from '../../support/gateway.js';
import { receipts } from '../../support/ledger-state.js';
import { until } from '../../support/until.js';
import { says, VideoUpstream } from './video-upstream.js';
import { VideosClient, type ShownVideo } from './videos-client.js';

const FILM = { model: 'film', prompt: 'Sea' };

let upstream: VideoUpstream;
let gateway: TestGateway;
let key: CreatedKey;
let videos: VideosClient;

beforeEach(async () => {
  upstream = await VideoUpstream.start();
});
afterEach(async () => {
  await expectSoundBooks(gateway.pool);
  await gateway.close();
  await upstream.close();
});

async function start(environment: Record<string, string>): Promise<void> {
  gateway = await TestGateway.start({
    file: upstream.file,
    environment: { VIDEO_POLL_MS: '500', ...environment },
  });
  key = await gateway.createKey({ budget_limit: '1000000' });
  videos = new VideosClient(gateway.url, key.key);
}

/**
 * Asks until a video is taken. A busy machine loses so short a lease now and then: then nothing is taken, or its process
 * takes its own submission for that of a dead one.
 */
async function taken(): Promise<string> {
  let lost = 0;
  let id = '';
  await until(async () => {
    const answer = await videos.call('POST', '/generations', FILM, { 'idempotency-key': `film-${lost}` });
    const video = (await answer.json()) as ShownVideo;
    if (answer.status !== 202) return false;
    if (video.status === 'failed') lost += 1;
    id = video.id;
    return video.status !== 'failed';
  });
  return id;
}

describe('a video', () => {
  it.each(['1000', '1001', '700'])('is polled whatever the lease is: %s ms', async (LEASE_MS) => {
    await start({ LEASE_MS });
    upstream.find = says({ status: 'completed' });
    expect(await videos.ended(await taken())).toMatchObject({ status: 'completed' });
    expect(await receipts(gateway.pool, key.id)).toHaveLength(1);
  });

  it('ends, and is charged as it was asked for, when its provider says that it is unimaginably short', async () => {
    await start({});
    upstream.find = says({ status: 'completed', seconds: 1e-200 });
    const { id } = await videos.made(FILM);
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(gateway.pool, key.id)).toMatchObject([{ finalAmount: 404_000 }]);
  });

  it('that never ends at its provider fails after a while, and gives its hold back', async () => {
    await start({ VIDEO_TIMEOUT_MS: '6000' });
    upstream.find = says({ status: 'errored', progress: 99 });
    const { id } = await videos.made(FILM);
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 404_000 });
    expect(await videos.ended(id)).toMatchObject({ status: 'failed', error: { code: 'upstream_timeout' } });
    expect(await gateway.keyBudget(key.id)).toEqual({ spent: 0, held: 0 });
  });

  it('that ended just in time is charged, however late it is seen', async () => {
    await start({ VIDEO_TIMEOUT_MS: '1' });
    upstream.find = says({ status: 'completed' });
    const { id } = await videos.made(FILM);
    expect(await videos.ended(id)).toMatchObject({ status: 'completed' });
    expect(await receipts(gateway.pool, key.id)).toHaveLength(1);
  });
});
